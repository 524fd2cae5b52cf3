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
            let context = RedisTestLoops.shared.contexts[0]
            await withCheckedContinuation { continuation in
                context.loop.execute {
                    context.run {
                        await self.report(store)
                        continuation.resume()
                    }
                }
            }
        }
    }

    func report(_ store: RedisStateStore) async {
        let suite = StateStoreConformance(store, malformedEtag: .invalid) { try await Task.sleep(for: $0 + .milliseconds(50)) }
        for failure in await suite.failures() { Issue.record(failure) }
    }
}
