import MechaCore
import NIOCore
import Testing

@testable import MechaRabbitMQ

@Suite struct AMQPSessionTests {
    private func configuration(_ url: String = "amqp://u:p@h/v", _ more: [String: String] = [:]) throws -> RabbitConfiguration {
        try RabbitPubSubSettings.connection(ComponentMetadata(["connectionString": url].merging(more) { $1 }), name: "orders")
    }

    private func start(_ mechanisms: String = "AMQPLAIN PLAIN") -> AMQPMethod {
        .connectionStart(serverProperties: [:], mechanisms: mechanisms, locales: "en_US")
    }

    @Test func `the login goes from start to open`() throws {
        var handshake = AMQPHandshake(try configuration())
        guard case .send(let first) = try handshake.received(start()),
            case .connectionStartOk(let properties, "PLAIN", let response, "en_US")? = first.first
        else { return #expect(Bool(false)) }
        #expect(String(buffer: response) == "\0u\0p")
        #expect(properties["connection_name"]?.text == "mecha:orders")
        #expect(
            try handshake.received(.connectionTune(channels: 0, frameBytes: 0, heartbeat: 60))
                == .send([.connectionTuneOk(channels: 2047, frameBytes: 131_072, heartbeat: 10), .connectionOpen(virtualHost: "v")]))
        #expect(try handshake.received(.connectionOpenOk) == .ready(.init(frameBytes: 131_072, channels: 2047, heartbeat: 10)))
    }

    @Test(arguments: [(0, "10s", 10), (60, "0", 60), (5, "10s", 5), (0, "0", 0)])
    func `the smaller heartbeat wins, and either side may leave it to the other`(_ server: UInt16, _ own: String, _ agreed: UInt16) throws {
        var handshake = AMQPHandshake(try configuration("amqp://h", ["heartBeat": own]))
        _ = try handshake.received(start())
        _ = try handshake.received(.connectionTune(channels: 9, frameBytes: 4096, heartbeat: server))
        #expect(try handshake.received(.connectionOpenOk) == .ready(.init(frameBytes: 4096, channels: 9, heartbeat: agreed)))
    }

    @Test func `refusals say why`() throws {
        var handshake = AMQPHandshake(try configuration())
        var error = #expect(throws: CapabilityError.self) { try handshake.received(start("EXTERNAL")) }
        #expect(error?.code == .misconfigured)
        handshake = AMQPHandshake(try configuration())
        _ = try handshake.received(start())
        error = #expect(throws: CapabilityError.self) {
            try handshake.received(.connectionClose(AMQPCloseReason(code: 403, text: "ACCESS_REFUSED - login refused")))
        }
        #expect(error?.code == .permissionDenied && error?.message.contains("login refused") == true)
        handshake = AMQPHandshake(try configuration())
        #expect(throws: CapabilityError.self) { try handshake.received(.connectionOpenOk) }
    }

    @Test func `content comes together from its frames`() throws {
        var assembler = AMQPContentAssembler(maximumBytes: 10)
        func frame(_ kind: AMQPFrame.Kind, _ body: (inout ByteBuffer) -> Void) -> AMQPFrame {
            var payload = ByteBuffer()
            body(&payload)
            return AMQPFrame(kind: kind, channel: 1, payload: payload)
        }
        let deliver = AMQPMethod.basicReturn(code: 1, text: "", exchange: "", routingKey: "")
        func header(_ count: UInt64) -> AMQPFrame {
            frame(.header) { AMQPContentHeader(bodyBytes: count, properties: AMQPProperties()).write(into: &$0) }
        }
        func message(_ body: ByteBuffer?, _ count: UInt64) -> AMQPContentAssembler.Unit {
            .message(.init(method: deliver, properties: AMQPProperties(), body: body, bodyBytes: count))
        }
        let method = frame(.method) { deliver.write(into: &$0) }
        #expect(try assembler.received(method) == nil)
        #expect(try assembler.received(header(6)) == nil)
        #expect(try assembler.received(frame(.body) { $0.writeString("abc") }) == nil)
        #expect(try assembler.received(frame(.body) { $0.writeString("def") }) == message(ByteBuffer(string: "abcdef"), 6))
        // Without a body.
        #expect(try assembler.received(method) == nil)
        #expect(try assembler.received(header(0)) == message(ByteBuffer(), 0))
        // Beyond the limit: passed over.
        #expect(try assembler.received(method) == nil)
        #expect(try assembler.received(header(11)) == nil)
        #expect(try assembler.received(frame(.body) { $0.writeString("01234567890") }) == message(nil, 11))
        // Out of place, and too long.
        #expect(throws: AMQPError(.unexpected)) { try assembler.received(header(1)) }
        _ = try assembler.received(method)
        #expect(throws: AMQPError(.unexpected)) { try assembler.received(method) }
        _ = try assembler.received(header(1))
        #expect(throws: AMQPError(.trailing)) { try assembler.received(frame(.body) { $0.writeString("ab") }) }
    }
}
