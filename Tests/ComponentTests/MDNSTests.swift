import MechaCore
import MechaTestKit
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import MechaNameResolution

/// The two state machines, by traces.
@Suite struct MDNSStateMachineTests {
    private let lan = MDNSInterface(name: "eth0", address: IPAddress("10.0.0.5")!)
    private let loopback = MDNSInterface(name: "lo", address: IPAddress("127.0.0.1")!)
    private let orders = DNSName(["orders", "local"])!

    private func service(_ host: String = "10.0.0.5", namespace: String = "", port: Int = 50_002, unique: String = "u1") -> MDNSService {
        MDNSService(
            AppRegistration(address: AppAddress(appID: "orders", namespace: namespace), endpoint: PeerEndpoint(host: host, port: port)),
            processName: "mecha", unique: unique)!
    }

    private func question(_ name: DNSName) -> DNSMessage {
        var query = DNSMessage()
        query.questions = [.init(name: name, type: .ptr)]
        return query
    }

    private func seconds(_ seconds: UInt64) -> UInt64 { seconds * 1_000_000_000 }

    // MARK: - Responder

    @Test func `a question about an own app is answered, others are not`() throws {
        var responder = MDNSResponder(interface: lan)
        _ = responder.add(service())
        #expect(responder.answers(to: question(orders), at: 0) == [service().answer(on: lan)])
        #expect(responder.answers(to: question(try #require(DNSName(["stock", "local"]))), at: 0) == [])
        var unrelated = question(orders)
        unrelated.questions[0].type = .a
        #expect(responder.answers(to: unrelated, at: 0) == [])
        var response = question(orders)
        response.isResponse = true
        #expect(responder.answers(to: response, at: 0) == [])
    }

    @Test func `an asker who knows the answer is not told again`() throws {
        var responder = MDNSResponder(interface: lan)
        let added = responder.add(service())
        let announcement = try #require(added)
        var query = question(orders)
        query.answers = announcement.answers
        #expect(responder.answers(to: query, at: 0) == [])
        query.answers[0].secondsToLive = 29
        #expect(responder.answers(to: query, at: 0).count == 1)
    }

    @Test func `a flood of questions is answered so many times a second`() {
        var responder = MDNSResponder(interface: lan)
        _ = responder.add(service())
        let answers = (0..<100).map { _ in responder.answers(to: question(orders), at: seconds(5)).count }
        #expect(answers.reduce(0, +) == MDNSResponder.answersPerSecond)
        #expect(responder.answers(to: question(orders), at: seconds(6)).count == 1)
    }

    @Test func `a withdrawn app says farewell and is silent then`() throws {
        var responder = MDNSResponder(interface: lan)
        _ = responder.add(service())
        let said = responder.remove(service())
        let farewell = try #require(said)
        #expect((farewell.answers + farewell.additionals).allSatisfy { $0.secondsToLive == 0 })
        #expect(responder.answers(to: question(orders), at: 0) == [])
        #expect(responder.remove(service()) == nil)
    }

    @Test func `a listener on loopback is not announced to the network`() {
        #expect(service("127.0.0.1").answer(on: lan) == nil)
        #expect(service("127.0.0.1").answer(on: loopback) != nil)
        #expect(service("10.0.0.5").answer(on: loopback) != nil)
        #expect(service("0.0.0.0").answer(on: lan)?.additionals.last?.data == .a([10, 0, 0, 5]))
        #expect(service("0.0.0.0").answer(on: loopback)?.additionals.last?.data == .a([127, 0, 0, 1]))
    }

    // MARK: - Cache

    @Test func `an announced app is found until its time is over`() throws {
        var cache = MDNSCache()
        cache.watch(orders, at: 0)
        #expect(cache.receive(try #require(service().answer(on: lan)), at: 0) == [orders])
        let endpoint = PeerEndpoint(host: "10.0.0.5", port: 50_002)
        let target = AppAddress(appID: "orders")
        #expect(cache.endpoints(of: target, name: orders, at: seconds(59)) == [endpoint])
        #expect(cache.endpoints(of: target, name: orders, at: seconds(60)) == [])
    }

    @Test func `what others keep for an hour is believed for a minute`() throws {
        var cache = MDNSCache()
        cache.watch(orders, at: 0)
        _ = cache.receive(try #require(service().answer(on: lan, secondsToLive: 3_600)), at: 0)
        #expect(cache.endpoints(of: AppAddress(appID: "orders"), name: orders, at: seconds(60)) == [])
    }

    @Test func `several instances are several endpoints, and a farewell takes one away`() throws {
        var cache = MDNSCache()
        cache.watch(orders, at: 0)
        let (a, b) = (service(port: 1, unique: "a"), service(port: 2, unique: "b"))
        for service in [a, b] { _ = cache.receive(try #require(service.answer(on: lan)), at: 0) }
        let target = AppAddress(appID: "orders")
        #expect(cache.endpoints(of: target, name: orders, at: 0).map(\.port) == [1, 2])
        _ = cache.receive(try #require(a.answer(on: lan, secondsToLive: 0)), at: seconds(1))
        #expect(cache.endpoints(of: target, name: orders, at: seconds(1)).map(\.port) == [2])
    }

    @Test func `a namespace keeps apps of one id apart, and is ignored where none is given`() throws {
        var cache = MDNSCache()
        cache.watch(orders, at: 0)
        _ = cache.receive(try #require(service(namespace: "prod", port: 1, unique: "a").answer(on: lan)), at: 0)
        #expect(cache.endpoints(of: AppAddress(appID: "orders", namespace: "test"), name: orders, at: 0) == [])
        #expect(cache.endpoints(of: AppAddress(appID: "orders", namespace: "prod"), name: orders, at: 0).map(\.port) == [1])
        _ = cache.receive(try #require(service(port: 2, unique: "dapr").answer(on: lan)), at: 0)
        #expect(cache.endpoints(of: AppAddress(appID: "orders", namespace: "test"), name: orders, at: 0).map(\.port) == [2])
    }

    @Test func `apps that nobody asked for are not remembered`() throws {
        var cache = MDNSCache()
        #expect(cache.receive(try #require(service().answer(on: lan)), at: 0) == [])
        #expect(cache.watched.isEmpty)
        cache.watch(orders, at: seconds(1))
        cache.forget(notAskedSince: seconds(2))
        #expect(cache.watched.isEmpty)
    }

    @Test func `a flood of instances and apps stays bounded`() throws {
        var cache = MDNSCache()
        cache.watch(orders, at: 0)
        for index in 0..<1_000 {
            _ = cache.receive(try #require(service(port: index + 1, unique: "\(index)").answer(on: lan)), at: 0)
        }
        #expect(cache.endpoints(of: AppAddress(appID: "orders"), name: orders, at: 0).count == MDNSCachedApp.maximumEntries)
        for index in 0..<UInt64(MDNSCache.maximumApps + 10) {
            cache.watch(try #require(DNSName(["app\(index)", "local"])), at: index)
        }
        #expect(cache.watched.count == MDNSCache.maximumApps)
    }
}

/// Two resolvers over real multicast on this host's loopback interface, on a port of their own.
@Suite struct MDNSResolverTests {
    private let directory: TemporaryDirectory
    private let orders = AppAddress(appID: "orders")
    private let port: Int

    init() throws {
        directory = try TemporaryDirectory()
        port = try LoopbackPort.free()
    }

    private func resolver() async throws -> MDNSResolver {
        let resolver = MDNSResolver(environment: environment(directory), port: port)
        try await resolver.start()
        return resolver
    }

    private func registration(_ app: AppAddress, port: Int = 4_000) -> AppRegistration {
        AppRegistration(address: app, endpoint: PeerEndpoint(host: "127.0.0.1", port: port))
    }

    @Test func `an app is found by another runtime, and no longer after its farewell`() async throws {
        let (a, b) = (try await resolver(), try await resolver())
        #expect(a.status == .ready)
        try await a.announce(registration(orders))
        #expect(try await b.resolve(orders) == [registration(orders).endpoint])
        await a.withdraw(registration(orders))
        while try await !b.resolve(orders).isEmpty { await Task.yield() }
        await a.close()
        await b.close()
    }

    @Test func `an own app is found without a question`() async throws {
        let a = try await resolver()
        try await a.announce(registration(orders))
        #expect(try await a.resolve(orders) == [registration(orders).endpoint])
        await a.close()
    }

    @Test func `an app that nobody answers for is nowhere`() async throws {
        let a = try await resolver()
        #expect(try await a.resolve(orders) == [])
        await a.close()
    }

    @Test func `an app that appears while it is asked for is found at once`() async throws {
        let (a, b) = (try await resolver(), try await resolver())
        async let found = b.resolve(orders)
        async let foundToo = b.resolve(orders)
        try await Task.sleep(for: .milliseconds(50))
        try await a.announce(registration(orders))
        #expect(try await found == [registration(orders).endpoint])
        #expect(try await foundToo == [registration(orders).endpoint])
        await a.close()
        await b.close()
    }

    @Test func `an answer in the form of a Dapr runtime is understood`() async throws {
        let a = try await resolver()
        let dapr = try await FakeDaprRuntime.start(appID: "orders", port: port)
        #expect(try await a.resolve(orders) == [PeerEndpoint(host: "127.0.0.1", port: 50_002)])
        try await dapr.close()
        await a.close()
    }

    @Test func `an id that is no label is refused`() async throws {
        let a = try await resolver()
        let long = AppAddress(appID: String(repeating: "a", count: 64))
        await #expect(throws: CapabilityError.self) { try await a.resolve(long) }
        await #expect(throws: CapabilityError.self) { try await a.announce(registration(long)) }
        await a.close()
    }

    @Test func `closing wakes those who wait`() async throws {
        let a = try await resolver()
        let waiting = Task { try await a.resolve(orders) }
        try await Task.sleep(for: .milliseconds(20))
        await a.close()
        #expect(try await waiting.value == [])
        await #expect(throws: CapabilityError.self) { try await a.resolve(orders) }
    }

    @Test func `garbage on the port changes nothing`() async throws {
        let (a, b) = (try await resolver(), try await resolver())
        try await a.announce(registration(orders))
        let noise = try await FakeDaprRuntime.start(appID: "noise", port: port)
        for length in [0, 1, 11, 12, 500] { try await noise.send(ByteBuffer(repeating: 0xff, count: length)) }
        #expect(try await b.resolve(orders).count == 1)
        try await noise.close()
        await a.close()
        await b.close()
    }
}

/// Answers questions about one app with the bytes that Dapr's library would send.
private struct FakeDaprRuntime {
    let channel: any Channel
    let group: SocketAddress

    static func start(appID: String, port: Int) async throws -> FakeDaprRuntime {
        let loopback = MDNSInterface(name: "lo", address: IPAddress("127.0.0.1")!)
        let group = try SocketAddress(ipAddress: MDNSLink.groupAddress, port: port)
        let opened = Opened()
        let link = try await MDNSLink.open(loopback, port: port, on: MultiThreadedEventLoopGroup.singleton) { message in
            guard !message.isResponse, message.questions.first?.name == DNSName([appID, "local"]) else { return }
            var response = DNSMessage()
            response.isResponse = true
            let instance = DNSName(["box:77", appID, "local"])!
            let host = DNSName(["box", "local"])!
            response.answers = [.init(name: DNSName([appID, "local"])!, secondsToLive: 3200, data: .ptr(instance))]
            response.additionals = [
                .init(name: instance, secondsToLive: 3200, data: .srv(port: 50_002, host: host)),
                .init(name: instance, secondsToLive: 3200, data: .txt([appID])),
                .init(name: host, secondsToLive: 120, data: .a([127, 0, 0, 1])),
            ]
            opened.link.withLock { $0 }?.send(response)
        }
        opened.link.withLock { $0 = link }
        let sender = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        return FakeDaprRuntime(channel: sender, group: group, link: link)
    }

    let link: MDNSLink

    private final class Opened: Sendable {
        let link = Mutex<MDNSLink?>(nil)
    }

    private init(channel: any Channel, group: SocketAddress, link: MDNSLink) {
        self.channel = channel
        self.group = group
        self.link = link
    }

    func send(_ bytes: ByteBuffer) async throws {
        try? await channel.writeAndFlush(AddressedEnvelope(remoteAddress: group, data: bytes))
    }

    func close() async throws {
        await link.close()
        try await channel.close()
    }
}
