import MechaTestKit
import Testing

@testable import MechaRedis

@Suite struct RedisConformanceTests {
    @Test func `state.redis keeps the contract`() async throws {
        let server = try await RedisServer()
        try await withRedisStore(server) { store in
            await report(store)
        }
    }

    @Test func `state.redis keeps the contract for callers on an event loop`() async throws {
        let server = try await RedisServer()
        try await withRedisStore(server) { store in
            try await RedisTestLoops.run { await report(store) }
        }
    }

    @Test func `state.redis keeps the contract on a cluster of three nodes`() async throws {
        let cluster = try await RedisClusterFixture(nodes: 3)
        try await cluster.withStore { store in
            // A transaction needs keys of one slot there, which is tested apart.
            let suite = StateStoreConformance(WithoutTransactions(store), malformedEtag: .invalid) {
                try await Task.sleep(for: $0 + .milliseconds(50))
            }
            for failure in await suite.failures() { Issue.record(failure) }
        }
    }

    func report(_ store: RedisStateStore) async {
        let suite = StateStoreConformance(store, malformedEtag: .invalid) { try await Task.sleep(for: $0 + .milliseconds(50)) }
        for failure in await suite.failures() { Issue.record(failure) }
    }
}
