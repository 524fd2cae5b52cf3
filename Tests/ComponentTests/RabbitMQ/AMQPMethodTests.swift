import MechaTestKit
import NIOCore
import Testing

@testable import MechaRabbitMQ

@Suite struct AMQPMethodTests {
    static let table: AMQPTable = [
        "bool": .bool(true), "i8": .int8(-1), "u8": .uint8(200), "i16": .int16(-300), "u16": .uint16(60_000), "i32": .int32(-70_000),
        "u32": .uint32(4_000_000_000), "i64": .int64(.min), "f": .float(1.5), "d": .double(-2.25), "dec": .decimal(scale: 2, 314),
        "s": .text("text ä"), "a": .array([.int32(1), .text("x"), .array([])]), "t": .timestamp(1_700_000_000),
        "x": .bytes(ByteBuffer(bytes: [0, 255])),
        "v": .void, "nested": .table(["k": .text("v")]),
    ]
    static let reason = AMQPCloseReason(code: 404, text: "NOT_FOUND - no queue", classID: 50, methodID: 10)

    static let methods: [AMQPMethod] = [
        .connectionStart(serverProperties: table, mechanisms: "PLAIN AMQPLAIN", locales: "en_US"),
        .connectionStartOk(clientProperties: table, mechanism: "PLAIN", response: ByteBuffer(string: "\0a\0b"), locale: "en_US"),
        .connectionTune(channels: 2047, frameBytes: 131_072, heartbeat: 60), .connectionTuneOk(channels: 1, frameBytes: 4096, heartbeat: 0),
        .connectionOpen(virtualHost: "/"), .connectionOpenOk, .connectionClose(reason), .connectionCloseOk,
        .connectionBlocked(reason: "low on memory"),
        .connectionUnblocked, .channelOpen, .channelOpenOk, .channelFlow(isActive: true), .channelFlowOk(isActive: false),
        .channelClose(reason),
        .channelCloseOk, .exchangeDeclare(AMQPExchangeDeclare(name: "e", kind: "topic", isDurable: true, isAutoDeleted: false)),
        .exchangeDeclareOk,
        .queueDeclare(AMQPQueueDeclare(name: "q", isDurable: false, isExclusive: true, isAutoDeleted: true, arguments: table)),
        .queueDeclareOk(queue: "q", messages: 1, consumers: 2),
        .queueBind(queue: "q", exchange: "e", routingKey: "a.*", arguments: ["k": .int8(1)]),
        .queueBindOk, .queueDelete(queue: "q"), .queueDeleteOk(messages: 3), .basicQos(prefetchCount: 100, isGlobal: false), .basicQosOk,
        .basicConsume(queue: "q", consumerTag: "t", isExclusive: true), .basicConsumeOk(consumerTag: "t"),
        .basicCancel(consumerTag: "t", isNoWait: true),
        .basicCancelOk(consumerTag: "t"), .basicPublish(exchange: "e", routingKey: "k", isMandatory: true),
        .basicReturn(code: 312, text: "NO_ROUTE", exchange: "", routingKey: "q"),
        .basicDeliver(AMQPDeliver(consumerTag: "t", deliveryTag: .max, isRedelivered: true, exchange: "e", routingKey: "k")),
        .basicAck(tag: 7, isMultiple: true), .basicNack(tag: 8, isMultiple: false, requeues: true), .confirmSelect, .confirmSelectOk,
    ]

    static func bytes(_ method: AMQPMethod) -> ByteBuffer {
        var buffer = ByteBuffer()
        method.write(into: &buffer)
        return buffer
    }

    @Test func `every method reads as it was written`() throws {
        for method in Self.methods { #expect(try AMQPMethod.read(from: Self.bytes(method)) == method) }
        #expect(Set(Self.methods.map { "\($0.id)" }).count == Self.methods.count)
    }

    @Test func `methods have the standard's bytes`() {
        #expect(Array(Self.bytes(.basicAck(tag: 258, isMultiple: true)).readableBytesView) == [0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 1, 2, 1])
        #expect(
            Array(Self.bytes(.queueDeclare(AMQPQueueDeclare(name: "q", isDurable: true, isAutoDeleted: true))).readableBytesView)
                == [0, 50, 0, 10, 0, 0, 1, 0x71, 0b1010, 0, 0, 0, 0])
        var frame = ByteBuffer()
        AMQPFrame.write(.method, channel: 1, into: &frame) { AMQPMethod.channelCloseOk.write(into: &$0) }
        #expect(Array(frame.readableBytesView) == [1, 0, 1, 0, 0, 0, 4, 0, 20, 0, 41, 0xce])
        var properties = ByteBuffer()
        AMQPProperties(contentType: "a", deliveryMode: 2, expiration: "5").write(into: &properties)
        #expect(Array(properties.readableBytesView) == [0x91, 0x00, 1, 0x61, 2, 1, 0x35])
    }

    @Test func `properties read as they were written, each alone and all together`() throws {
        let all = AMQPProperties(
            contentType: "text/plain", contentEncoding: "gzip", headers: Self.table, deliveryMode: 2, priority: 9, correlationID: "c",
            replyTo: "r",
            expiration: "60000", messageID: "m", timestamp: 1, type: "t", userID: "u", appID: "a", clusterID: "x")
        for properties in [
            AMQPProperties(), all, AMQPProperties(contentType: "x"), AMQPProperties(headers: [:]), AMQPProperties(priority: 0),
            AMQPProperties(clusterID: "c"),
        ] {
            var buffer = ByteBuffer()
            AMQPContentHeader(bodyBytes: 77, properties: properties).write(into: &buffer)
            #expect(try AMQPContentHeader.read(from: buffer) == AMQPContentHeader(bodyBytes: 77, properties: properties))
        }
    }

    @Test func `malformed frames are told apart`() {
        func error(_ bytes: [UInt8]) -> AMQPError.Kind? {
            var framer = AMQPFramer()
            framer.append(ByteBuffer(bytes: bytes))
            do throws(AMQPError) {
                while let frame = try framer.next() { _ = try AMQPMethod.read(from: frame.payload) }
                return nil
            } catch {
                return error.kind
            }
        }
        #expect(error([9, 0, 0, 0, 0, 0, 0, 0xce]) == .badFrameType)
        #expect(error(Array("AMQP".utf8) + [0, 0, 9, 1]) == .badVersion)
        #expect(error([1, 0, 0, 0, 0, 0, 4, 0, 20, 0, 41, 0xcd]) == .badFrameEnd)
        #expect(error([1, 0, 0, 0, 1, 0, 0]) == .oversizedFrame)
        #expect(error([1, 0, 0, 0, 0, 0, 4, 0, 99, 0, 1, 0xce]) == .unknownMethod)
        #expect(error([1, 0, 0, 0, 0, 0, 5, 0, 20, 0, 41, 0, 0xce]) == .trailing)
        #expect(error([1, 0, 0, 0, 0, 0, 4, 0, 60, 0, 80, 0xce]) == .truncated)
        #expect(error([1, 0, 0, 0, 0, 0, 4, 0, 20, 0, 41]) == nil)
        var deep = AMQPValue.int8(1)
        for _ in 0..<40 { deep = .array([deep]) }
        #expect(throws: AMQPError(.tooDeep)) {
            try AMQPMethod.read(from: Self.bytes(.connectionStart(serverProperties: ["deep": deep], mechanisms: "", locales: "")))
        }
    }

    /// Whatever comes, it ends in a value or an error, and what is read writes as the same method.
    @Test func `random and damaged bytes do no harm`() throws {
        var generator = SeededGenerator(seed: 91)
        let whole = Self.methods.map(Self.bytes)
        for round in 0..<20_000 {
            var bytes: [UInt8]
            if round % 4 == 0 {
                bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            } else {
                bytes = Array(whole.randomElement(using: &generator)!.readableBytesView)
                for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                    let index = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0...2, using: &generator) {
                    case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                    case 1: bytes.remove(at: index)
                    default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
                    }
                }
            }
            if let method = try? AMQPMethod.read(from: ByteBuffer(bytes: bytes)) { _ = try AMQPMethod.read(from: Self.bytes(method)) }
            _ = try? AMQPContentHeader.read(from: ByteBuffer(bytes: bytes))
            var framer = AMQPFramer()
            framer.append(ByteBuffer(bytes: bytes))
            var assembler = AMQPContentAssembler(maximumBytes: 100)
            while let frame = try? framer.next() { _ = try? assembler.received(frame) }
        }
    }
}
