import MechaCore
import MechaTestKit
import Synchronization
import Testing

@testable import MechaNameResolution

@Suite struct DNSResolverTests {
    private func resolver(_ metadata: [String: String]) async throws -> any NameResolver {
        let directory = try TemporaryDirectory()
        let made = try DNSResolver.descriptor.make(ComponentMetadata(metadata), environment(directory))
        let resolver = try #require(made as? any NameResolver)
        try await resolver.start()
        return resolver
    }

    @Test func `a host of the hosts file is found with the configured port`() async throws {
        let resolver = try await resolver(["template": "{appID}", "port": "7000"])
        let found = try await resolver.resolve(AppAddress(appID: "localhost"))
        #expect(found.contains(PeerEndpoint(host: "127.0.0.1", port: 7000)))
        await resolver.close()
        await #expect(throws: CapabilityError.self) { try await resolver.resolve(AppAddress(appID: "localhost")) }
    }

    @Test func `a pattern is filled in`() throws {
        let template = try HostTemplate("svc-{AppID}.{namespace}.cluster.local", field: "template")
        #expect(try template.host(of: AppAddress(appID: "orders", namespace: "prod")) == "svc-orders.prod.cluster.local")
        #expect(try template.host(of: AppAddress(appID: "orders")) == "svc-orders.default.cluster.local")
    }

    @Test(arguments: ["", "evil.example.com", "a b", "a/b", "a@b", "a:80", "é", String(repeating: "a", count: 260)])
    func `an id that would change the host is refused`(id: String) throws {
        let template = try HostTemplate("{appID}.svc", field: "template")
        #expect { try template.host(of: AppAddress(appID: id)) } throws: { ($0 as? CapabilityError)?.code == .invalidArgument }
    }

    @Test(arguments: ["static.host", "{appID", "{appID}.{zone}", "{appID} svc", "http://{appID}"])
    func `a pattern that makes no sense is refused`(template: String) {
        #expect(throws: MetadataError.self) { try HostTemplate(template, field: "template") }
    }
}

@Suite struct EndpointCacheTests {
    private let clock = ManualClock()
    private let app = AppAddress(appID: "orders")
    private let endpoint = PeerEndpoint(host: "h", port: 1)

    private func cache() -> EndpointCache { EndpointCache(clock: clock, freshness: .seconds(10), staleLimit: .seconds(60)) }

    @Test func `an answer is given again while it is fresh`() async throws {
        let (cache, asked) = (cache(), Counter())
        for _ in 0..<3 {
            #expect(
                try await cache.endpoints(of: app) { _ in
                    asked.up()
                    return [endpoint]
                } == [endpoint])
        }
        #expect(asked.count == 1)
        clock.advance(by: .seconds(10))
        _ = try await cache.endpoints(of: app) { _ in
            asked.up()
            return [endpoint]
        }
        #expect(asked.count == 2)
    }

    @Test func `callers who ask at once share one question`() async throws {
        let (cache, asked) = (cache(), Counter())
        try await withThrowingTaskGroup(of: [PeerEndpoint].self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await cache.endpoints(of: app) { _ in
                        asked.up()
                        try await Task.sleep(for: .milliseconds(50))
                        return [endpoint]
                    }
                }
            }
            for try await found in group { #expect(found == [endpoint]) }
        }
        #expect(asked.count == 1)
    }

    @Test func `an older answer serves while the resolver is away, for a time`() async throws {
        let cache = cache()
        _ = try await cache.endpoints(of: app) { _ in [endpoint] }
        clock.advance(by: .seconds(69))
        #expect(try await cache.endpoints(of: app) { _ in throw CapabilityError(.unavailable, "away") } == [endpoint])
        clock.advance(by: .seconds(1))
        await #expect(throws: CapabilityError.self) {
            try await cache.endpoints(of: app) { _ in throw CapabilityError(.unavailable, "away") }
        }
    }

    @Test func `an empty answer is asked for again`() async throws {
        let cache = cache()
        #expect(try await cache.endpoints(of: app) { _ in [] } == [])
        #expect(try await cache.endpoints(of: app) { _ in [endpoint] } == [endpoint])
    }

    @Test func `an answer to a question asked before forgetting is not remembered`() async throws {
        let cache = cache()
        _ = try await cache.endpoints(of: app) { app in
            cache.forget(app)
            return [endpoint]
        }
        #expect(try await cache.endpoints(of: app) { _ in [] } == [])
    }

    private final class Counter: Sendable {
        private let value = Atomic(0)
        func up() { value.add(1, ordering: .relaxed) }
        var count: Int { value.load(ordering: .relaxed) }
    }
}
