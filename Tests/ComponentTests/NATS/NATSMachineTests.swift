import MechaCore
import NIOCore
import Testing

@testable import MechaNATS

@Suite struct NATSHandshakeTests {
    private let address = NATSAddress("nats://h:1") ?? .init("x")!

    private func info(_ text: String) throws -> NATSParser.Operation { .info(try NATSServerInfo(ByteBuffer(string: text))) }

    private func options(_ step: NATSHandshake.Step) throws -> JSON {
        guard case .send(let bytes) = step else { throw CapabilityError(.backend, "not sent: \(step)") }
        return try JSON.parse(bytes)
    }

    @Test func `a plain server is told who we are and pinged`() throws {
        var configuration = NATSConfiguration(addresses: [address])
        configuration.user = "me"
        configuration.password = "secret"
        var handshake = NATSHandshake(address: address, configuration: configuration)
        let sent = try options(try handshake.received(info(#"{"max_payload":5}"#)))
        #expect(sent["user"] == "me" && sent["pass"] == "secret" && sent["headers"] == true && sent["no_responders"] == true)
        #expect(sent["verbose"] == false && sent["tls_required"] == false)
        #expect(try handshake.received(.ok) == .none)
        guard case .done(let info) = try handshake.received(.pong) else { throw CapabilityError(.backend, "not done") }
        #expect(info.maximumPayloadBytes == 5)
    }

    @Test func `a server that wants TLS gets nothing before it`() throws {
        var handshake = NATSHandshake(address: address, configuration: NATSConfiguration(addresses: [address]))
        #expect(try handshake.received(info(#"{"tls_required":true}"#)) == .startTLS)
        #expect(try options(try handshake.secured())["tls_required"] == true)
    }

    @Test func `a nonce is signed`() throws {
        var configuration = NATSConfiguration(addresses: [address])
        configuration.key = try NATSKey(seed: "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY")
        var handshake = NATSHandshake(address: address, configuration: configuration)
        let sent = try options(try handshake.received(info(#"{"nonce":"abc"}"#)))
        #expect(sent["nkey"] == "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4")
        #expect(sent["sig"]?.stringValue?.isEmpty == false)
        configuration.jwt = "j.w.t"
        handshake = NATSHandshake(address: address, configuration: configuration)
        let withJWT = try options(try handshake.received(info(#"{"nonce":"abc"}"#)))
        #expect(withJWT["jwt"] == "j.w.t" && withJWT["nkey"] == nil && withJWT["sig"] != nil)
    }

    @Test func `a refused login is a mistake of the configuration`() throws {
        var handshake = NATSHandshake(address: address, configuration: NATSConfiguration(addresses: [address]))
        _ = try handshake.received(info("{}"))
        let error = #expect(throws: CapabilityError.self) { try handshake.received(.error("Authorization Violation")) }
        #expect(error?.code == .misconfigured)
    }

    @Test func `a server that does not greet is none`() {
        var handshake = NATSHandshake(address: address, configuration: NATSConfiguration(addresses: [address]))
        #expect(throws: CapabilityError.self) { try handshake.received(.ping) }
    }
}

@Suite struct NATSLinkMachineTests {
    private let lost = CapabilityError(.unavailable, "lost")
    private func machine(_ servers: String...) -> NATSLinkMachine { NATSLinkMachine(servers: servers.compactMap { NATSAddress($0) }) }

    @Test func `calls wait for the first attempt and fail once it has`() {
        var machine = machine("a")
        #expect(machine.callArrived() == .connectAndWait)
        #expect(machine.callArrived() == .wait)
        #expect(machine.attemptFailed(lost) == .pause(rounds: 1))
        #expect(machine.callArrived() == .fail)
        #expect(machine.pauseEnded() == true)
        #expect(machine.callArrived() == .fail, "the server is known to be away")
        #expect(machine.connected() == true)
        #expect(machine.status == .ready)
    }

    @Test func `every server is tried before a pause`() {
        var machine = machine("a", "b", "c")
        #expect(machine.wake() == true)
        #expect(machine.wake() == false)
        #expect(machine.server.host == "a")
        #expect(machine.attemptFailed(lost) == .connect)
        #expect(machine.server.host == "b")
        #expect(machine.attemptFailed(lost) == .connect)
        #expect(machine.server.host == "c")
        #expect(machine.attemptFailed(lost) == .pause(rounds: 1))
        #expect(machine.server.host == "a")
    }

    @Test func `a lost connection leads to the next server`() {
        var machine = machine("a", "b")
        _ = machine.wake()
        #expect(machine.connected() == true)
        #expect(machine.connectionLost(lost) == .pause(rounds: 1))
        #expect(machine.server.host == "b")
        #expect(machine.status.reason == "lost")
        #expect(machine.pauseEnded() == true)
        #expect(machine.connected() == true)
    }

    @Test func `a closed link stays closed`() {
        var machine = machine("a")
        _ = machine.wake()
        machine.close()
        #expect(machine.connected() == false)
        #expect(machine.callArrived() == .fail)
        #expect(machine.unavailable.code == .closed)
        #expect(machine.attemptFailed(lost) == .none)
        #expect(machine.pauseEnded() == false)
    }
}

@Suite struct NATSRequestsTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(UInt64(seconds) * 1_000_000_000) }

    @Test func `answers find who waits, in any order, once`() {
        var requests = NATSRequests<String>(limits: NATSLimits())
        let first = requests.add("a", bytes: 1, deadline: at(5))
        let second = requests.add("b", bytes: 1, deadline: at(6))
        #expect(first.isFirst && !second.isFirst)
        #expect(requests.answered(second.token) == "b")
        #expect(requests.answered(second.token) == nil)
        #expect(requests.answered(first.token) == "a")
        #expect(requests.count == 0)
    }

    @Test func `who waits too long is told, and the timer follows the rest`() {
        var requests = NATSRequests<String>(limits: NATSLimits())
        let answered = requests.add("answered", bytes: 1, deadline: at(4))
        _ = requests.add("late", bytes: 1, deadline: at(5))
        _ = requests.add("later", bytes: 1, deadline: at(9))
        _ = requests.answered(answered.token)
        let (expired, next) = requests.expire(now: at(6))
        #expect(expired == ["late"])
        #expect(next == at(9))
        #expect(requests.lost() == ["later"])
        let rest = requests.expire(now: at(100))
        #expect(rest.expired.isEmpty && rest.next == nil)
    }

    @Test func `number and bytes of requests are bounded`() {
        var limits = NATSLimits()
        limits.requestsInFlight = 2
        limits.unansweredBytes = 10
        var requests = NATSRequests<Int>(limits: limits)
        let large = requests.add(1, bytes: 11, deadline: at(1))
        #expect(requests.refusal?.message.contains("unansweredBytes") == true)
        _ = requests.answered(large.token)
        #expect(requests.refusal == nil)
        for number in 0..<2 { _ = requests.add(number, bytes: 0, deadline: at(1)) }
        #expect(requests.refusal?.code == .resourceExhausted)
    }
}

@Suite struct JetStreamPullMachineTests {
    @Test func `it asks for what there is room for, in worthwhile portions`() {
        var machine = JetStreamPullMachine(capacity: 10)
        #expect(machine.roomChanged(10) == .none, "nobody to ask yet")
        #expect(machine.ready(room: 10) == .pull(count: 10))
        #expect(machine.roomChanged(10) == .none)
        for _ in 0..<4 { machine.messageArrived() }
        #expect(machine.outstanding == 6)
        #expect(machine.roomChanged(10) == .none)
        machine.messageArrived()
        #expect(machine.roomChanged(10) == .pull(count: 5))
    }

    @Test func `an expired request is made anew`() {
        var machine = JetStreamPullMachine(capacity: 10)
        _ = machine.ready(room: 10)
        for _ in 0..<3 { machine.messageArrived() }
        #expect(machine.requestEnded(undelivered: 7, room: 10) == .pull(count: 10))
        #expect(machine.requestEnded(undelivered: nil, room: 0) == .none)
        #expect(machine.outstanding == 0)
        #expect(machine.roomChanged(5) == .pull(count: 5))
    }

    @Test func `after a loss nothing is asked until it is ready again`() {
        var machine = JetStreamPullMachine(capacity: 4)
        _ = machine.ready(room: 4)
        machine.stop()
        #expect(machine.roomChanged(4) == .none)
        #expect(machine.ready(room: 4) == .pull(count: 4))
    }
}

@Suite struct JetStreamReplyTests {
    @Test func `old and new forms tell the attempt`() {
        #expect(
            JetStreamReply("$JS.ACK.S.C.3.42.7.1700000000000000000.0")
                == JetStreamReply("$JS.ACK._.acc.S.C.3.42.7.1700000000000000000.0.rnd"))
        #expect(JetStreamReply("$JS.ACK.S.C.3.42.7.1700000000000000000.0")?.attempt == 3)
        #expect(JetStreamReply("$JS.ACK.S.C.3.42.7.1700000000000000000.0")?.streamSequence == 42)
    }

    @Test(arguments: ["", "a.b", "$JS.ACK.S.C.x.42.7.1.0", "$JS.NAK.S.C.3.42.7.1.0", "$JS.ACK.S.C.3.42.7.1.0.1"])
    func `other subjects are none`(_ text: String) { #expect(JetStreamReply(text) == nil) }
}
