import MechaCore
import MechaSQLite
import MechaTestKit
import Testing

@testable import MechaNameResolution

@Suite struct RegistryResolverTests {
    private let directory: TemporaryDirectory
    private let clock = ManualClock()
    private let orders = AppAddress(appID: "orders")

    init() throws { directory = try TemporaryDirectory() }

    private func registration(_ app: AppAddress, port: Int) -> AppRegistration {
        AppRegistration(address: app, endpoint: PeerEndpoint(host: "127.0.0.1", port: port), httpPort: 3500, grpcPort: 50001)
    }

    /// A resolver on the shared file; `process` stands for the runtime that it belongs to.
    private func resolver(_ process: ProcessIdentity = .own()) async throws -> RegistryResolver {
        var options = SQLiteOptions(location: SQLiteLocation(path: directory.file("registry.db")))
        options.hasReadingThread = false
        let resolver = RegistryResolver(
            options, table: RegistryTable(name: "mecha_apps"), updateInterval: .seconds(5), process: process,
            environment: environment(directory, clock: clock))
        try await resolver.start()
        return resolver
    }

    @Test func `an app announced by one runtime is found by another, until it is withdrawn`() async throws {
        let (a, b) = (try await resolver(), try await resolver())
        let first = registration(orders, port: 1)
        let second = registration(orders, port: 2)
        #expect(try await b.resolve(orders) == [])
        try await a.announce(first)
        try await a.announce(second)
        #expect(try await b.resolve(orders) == [first.endpoint, second.endpoint])
        #expect(try await b.resolve(AppAddress(appID: "orders", namespace: "prod")) == [])
        await a.withdraw(first)
        #expect(try await a.resolve(orders) == [second.endpoint])
        clock.advance(by: .seconds(2))
        #expect(try await b.resolve(orders) == [second.endpoint])
        await a.close()
        clock.advance(by: .seconds(2))
        #expect(try await b.resolve(orders) == [])
        await b.close()
    }

    @Test func `the app of a killed process is gone at once`() async throws {
        let process = try ServerProcess("/bin/sleep", ["60"])
        let (a, b) = (try await resolver(.of(process.processID)), try await resolver())
        try await a.announce(registration(orders, port: 1))
        #expect(try await b.resolve(orders).count == 1)
        process.killNow()
        clock.advance(by: .seconds(2))
        #expect(try await b.resolve(orders) == [])
        await a.close()
        await b.close()
    }

    @Test func `a process that got the id of a dead one does not bring its app back`() async throws {
        var process = ProcessIdentity.own()
        process.startTicks -= 1
        let (a, b) = (try await resolver(process), try await resolver())
        try await a.announce(registration(orders, port: 1))
        #expect(try await b.resolve(orders) == [])
        await a.close()
        await b.close()
    }

    @Test func `a process that cannot be asked counts while its signs of life are recent`() async throws {
        let elsewhere = ProcessIdentity(realm: "another container", processID: 1, startTicks: 1)
        let (a, b) = (try await resolver(elsewhere), try await resolver())
        try await a.announce(registration(orders, port: 1))
        clock.jump(by: .seconds(15))
        #expect(try await b.resolve(orders).count == 1)
        for jump in [Duration.seconds(2), .seconds(-60)] {
            clock.jump(by: jump)
            clock.advance(by: .milliseconds(1_500))
            #expect(try await b.resolve(orders) == [], "after a jump by \(jump)")
        }
        await a.close()
        await b.close()
    }

    @Test func `a jump of the clock takes no app of this host away`() async throws {
        let (a, b) = (try await resolver(), try await resolver())
        try await a.announce(registration(orders, port: 1))
        clock.jump(by: .seconds(86_400))
        #expect(try await b.resolve(orders).count == 1)
        await a.close()
        await b.close()
    }

    @Test func `a sign of life brings back a row that was lost, and removes those of the dead`() async throws {
        let (a, b) = (
            try await resolver(), try await resolver(ProcessIdentity(realm: ProcessIdentity.own().realm, processID: 1, startTicks: -1))
        )
        try await a.announce(registration(orders, port: 1))
        try await b.announce(registration(AppAddress(appID: "dead"), port: 2))
        #expect(try await rowCount() == 2)
        try await execute("DELETE FROM mecha_apps WHERE app_id = 'orders'")
        while clock.sleeperCount < 2 { await Task.yield() }
        clock.advance(by: .seconds(5))
        // Both resolvers write; each then sleeps again.
        while clock.sleeperCount < 2 { await Task.yield() }
        #expect(try await a.resolve(orders).count == 1)
        await b.close()
        await a.close()
        #expect(try await rowCount() == 0)
    }

    @Test func `closing ends a sleeping runtime at once and answers say closed`() async throws {
        let a = try await resolver()
        await a.close()
        #expect(a.status.phase == .closed)
        await #expect(throws: CapabilityError.self) { try await a.resolve(orders) }
        await #expect(throws: CapabilityError.self) { try await a.announce(registration(orders, port: 1)) }
    }

    @Test func `a registry that cannot be opened is an error with a status, not the end`() async throws {
        try directory.write("this is no database, as anyone can see from the first line on", to: "registry.db")
        let a = try await resolver()
        try await a.announce(registration(orders, port: 1))
        #expect(a.status.phase == .connecting)
        #expect(a.status.reason?.contains("no SQLite database") == true)
        await #expect(throws: CapabilityError.self) { try await a.resolve(orders) }
        await a.close()
    }

    private func rowCount() async throws -> Int { Int(try await execute("SELECT count(*) FROM mecha_apps")) ?? -1 }

    @discardableResult
    private func execute(_ sql: String) async throws -> String {
        try await SQLiteShell.run(sql, on: directory.file("registry.db"))
    }
}

@Suite struct StaticResolverTests {
    private func resolver(_ apps: String) throws -> any NameResolver {
        let directory = try TemporaryDirectory()
        let made = try StaticResolver.descriptor.make(ComponentMetadata(["apps": apps]), environment(directory))
        return try #require(made as? any NameResolver)
    }

    @Test(arguments: [
        #"{"orders": ["10.0.0.5:1", "[::1]:2"], "stock.prod": "stock.local:3"}"#,
        " orders = 10.0.0.5:1 , [::1]:2 ; stock.prod=stock.local:3; ",
    ])
    func `listed apps are found`(apps: String) async throws {
        let resolver = try resolver(apps)
        #expect(
            try await resolver.resolve(AppAddress(appID: "orders"))
                == [PeerEndpoint(host: "10.0.0.5", port: 1), PeerEndpoint(host: "::1", port: 2)])
        #expect(try await resolver.resolve(AppAddress(appID: "stock", namespace: "prod")) == [PeerEndpoint(host: "stock.local", port: 3)])
        #expect(try await resolver.resolve(AppAddress(appID: "stock")) == [])
    }

    @Test func `own apps are found without being listed`() async throws {
        let resolver = try resolver("other=h:1")
        let own = AppRegistration(address: AppAddress(appID: "own"), endpoint: PeerEndpoint(host: "127.0.0.1", port: 9))
        try await resolver.announce(own)
        #expect(try await resolver.resolve(own.address) == [own.endpoint])
        await resolver.withdraw(own)
        #expect(try await resolver.resolve(own.address) == [])
    }

    @Test(arguments: ["orders", "orders=", "orders=host", "orders=host:0", "orders=:80", #"{"orders": 5}"#, #"{"orders": []}"#, "{"])
    func `a list that makes no sense is refused`(apps: String) {
        #expect(throws: MetadataError.self) { try resolver(apps) }
    }
}
