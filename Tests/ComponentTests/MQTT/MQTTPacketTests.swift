import NIOCore
import Testing

@testable import MechaMQTT

@Suite struct MQTTPacketTests {
    static func bytes(_ packet: MQTTPacket, _ version: MQTTVersion) -> ByteBuffer {
        var buffer = ByteBuffer()
        packet.write(into: &buffer, version: version)
        return buffer
    }

    static func read(_ bytes: ByteBuffer, _ version: MQTTVersion) throws -> MQTTPacket {
        var framer = MQTTFramer(maximumPacketBytes: 1 << 20)
        framer.append(bytes)
        guard case .packet(let header, let body)? = try framer.next() else { throw MQTTError(.truncated) }
        return try MQTTPacket.read(header: header, body: body, version: version)
    }

    static let properties: MQTTProperties = {
        var properties = MQTTProperties()
        properties.append(.messageExpiry, .four(60))
        properties.append(.contentType, .text("application/json"))
        properties.append(.userProperty, .pair("a", "1"))
        properties.append(.userProperty, .pair("a", "2"))
        properties.append(.correlationData, .bytes(ByteBuffer(bytes: [1, 2, 3])))
        properties.append(.subscriptionIdentifier, .variable(300_000))
        properties.append(.topicAliasMaximum, .two(7))
        properties.append(.payloadFormat, .byte(1))
        return properties
    }()

    /// Every packet, in forms that both versions have.
    static let plain: [MQTTPacket] = [
        .connect(MQTTConnect(version: .v311, clientID: "app", isClean: false, keepAlive: 30, username: "u", password: "p")),
        .connack(MQTTConnack(isSessionPresent: true, reason: .success)),
        .connack(MQTTConnack(reason: .badCredentials)),
        .publish(MQTTPublish(topic: "a/b", payload: ByteBuffer(string: "x"))),
        .publish(MQTTPublish(topic: "a", payload: ByteBuffer(), qos: .atLeastOnce, isRetained: true, isDuplicate: true, packetID: 65535)),
        .publish(MQTTPublish(topic: "ä€", payload: ByteBuffer(repeating: 7, count: 70_000), qos: .exactlyOnce, packetID: 1)),
        .step(MQTTStep(.puback, 1)), .step(MQTTStep(.pubrec, 2)), .step(MQTTStep(.pubrel, 3)), .step(MQTTStep(.pubcomp, 4)),
        .subscribe(MQTTSubscribe(packetID: 9, filters: [.init(filter: "a/+", qos: .atLeastOnce), .init(filter: "#", qos: .exactlyOnce)])),
        .suback(MQTTSuback(packetID: 9, reasons: [.success, .unspecified])),
        .unsubscribe(MQTTUnsubscribe(packetID: 10, filters: ["a", "b"])),
        .unsuback(MQTTSuback(packetID: 10, reasons: [])),
        .pingreq, .pingresp, .disconnect(.success, .none),
    ]

    static let ofVersion5: [MQTTPacket] = [
        .connect(MQTTConnect(version: .v5, clientID: "", isClean: true, keepAlive: 0, properties: properties)),
        .connack(MQTTConnack(isSessionPresent: false, reason: MQTTReason(0x9f), properties: properties)),
        .publish(MQTTPublish(topic: "t", payload: ByteBuffer(string: "x"), qos: .atLeastOnce, packetID: 5, properties: properties)),
        .step(MQTTStep(.puback, 1, .quotaExceeded, properties)), .step(MQTTStep(.pubrec, 1, .noMatchingSubscribers)),
        .subscribe(
            MQTTSubscribe(
                packetID: 9, filters: [.init(filter: "$share/g/a", qos: .atLeastOnce, skipsRetainedIfKnown: true)], properties: properties)),
        .suback(MQTTSuback(packetID: 9, reasons: [.notAuthorized], properties: properties)),
        .unsubscribe(MQTTUnsubscribe(packetID: 10, filters: ["a"], properties: properties)),
        .unsuback(MQTTSuback(packetID: 10, reasons: [.success, MQTTReason(0x11)], properties: properties)),
        .disconnect(.sessionTakenOver, properties), .disconnect(.serverUnavailable, .none),
    ]

    @Test func `every packet reads as it was written`() throws {
        for packet in Self.plain {
            #expect(try Self.read(Self.bytes(packet, .v311), .v311) == packet)
        }
        for packet in Self.plain + Self.ofVersion5 {
            guard case .connect(let connect) = packet, connect.version == .v311 else {
                #expect(try Self.read(Self.bytes(packet, .v5), .v5) == packet)
                continue
            }
        }
    }

    @Test func `the length of a publish is known before it is written`() {
        for version in [MQTTVersion.v311, .v5] {
            for case .publish(let publish) in Self.plain + Self.ofVersion5 {
                #expect(Self.bytes(.publish(publish), version).readableBytes == publish.encodedLength(version))
            }
        }
    }

    /// Bytes as the standard's examples and field tables give them.
    @Test func `packets have the standard's bytes`() {
        let connect = MQTTPacket.connect(
            MQTTConnect(version: .v311, clientID: "a", isClean: true, keepAlive: 10, username: "b", password: "c"))
        #expect(
            Array(Self.bytes(connect, .v311).readableBytesView)
                == [0x10, 19, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0xc2, 0, 10, 0, 1, 0x61, 0, 1, 0x62, 0, 1, 0x63])
        let publish = MQTTPacket.publish(
            MQTTPublish(topic: "a/b", payload: ByteBuffer(bytes: [9]), qos: .atLeastOnce, isRetained: true, packetID: 10))
        #expect(Array(Self.bytes(publish, .v311).readableBytesView) == [0x33, 8, 0, 3, 0x61, 0x2f, 0x62, 0, 10, 9])
        #expect(Array(Self.bytes(publish, .v5).readableBytesView) == [0x33, 9, 0, 3, 0x61, 0x2f, 0x62, 0, 10, 0, 9])
        #expect(Array(Self.bytes(.step(MQTTStep(.pubrel, 258)), .v5).readableBytesView) == [0x62, 2, 1, 2])
        #expect(Array(Self.bytes(.pingreq, .v311).readableBytesView) == [0xc0, 0])
    }

    @Test(
        arguments: [
            ([0x00, 0x00], MQTTError.Kind.badType), ([0xf0, 0x00], .unexpected), ([0x41, 0x02, 0, 1], .badFlags),
            ([0x60, 0x02, 0, 1], .badFlags),
            ([0x36, 0x05, 0, 1, 0x61, 0, 1], .badQoS), ([0x38, 0x03, 0, 1, 0x61], .badFlags),
            ([0x32, 0x05, 0, 1, 0x61, 0, 0], .badPacketID),
            ([0x30, 0x02, 0, 0], .badTopic), ([0x30, 0x03, 0, 1, 0x2b], .badTopic), ([0x30, 0x03, 0, 1, 0x23], .badTopic),
            ([0x30, 0x03, 0, 1, 0xff], .badText), ([0x30, 0x03, 0, 1, 0x00], .badText), ([0x30, 0x02, 0, 5], .truncated),
            ([0x40, 0x02, 0, 0], .badPacketID), ([0x40, 0x01, 0], .truncated), ([0x40, 0x03, 0, 1, 0], .trailing),
            ([0x20, 0x01, 0], .truncated),
            ([0x20, 0x02, 2, 0], .badFlags), ([0x82, 0x02, 0, 1], .emptyList), ([0xa2, 0x02, 0, 1], .emptyList),
            ([0xc0, 0x01, 0], .trailing),
            ([0x10, 0x07, 0, 4, 0x4d, 0x51, 0x54, 0x54, 3], .badProtocol), ([0x10, 0x04, 0, 2, 0x4d, 0x51], .badProtocol),
            ([0x82, 0x06, 0, 1, 0, 1, 0x61, 3], .badQoS), ([0x82, 0x06, 0, 1, 0, 1, 0x61, 0x11], .badFlags),
        ] as [([UInt8], MQTTError.Kind)])
    func `malformed packets of 3.1.1 are told apart`(_ bytes: [UInt8], _ kind: MQTTError.Kind) {
        #expect(throws: MQTTError(kind)) { try Self.read(ByteBuffer(bytes: bytes), .v311) }
    }

    @Test(
        arguments: [
            ([0x30, 0x05, 0, 1, 0x61, 1, 0x7e], MQTTError.Kind.badProperty), ([0x30, 0x08, 0, 1, 0x61, 4, 1, 0, 1, 0], .badProperty),
            ([0x30, 0x04, 0, 1, 0x61, 5], .truncated), ([0x30, 0x07, 0, 1, 0x61, 0x80, 0x80, 0x80, 0x80], .badVariableInteger),
            ([0x40, 0x04, 0, 1, 0x10, 9], .truncated), ([0x40, 0x05, 0, 1, 0x10, 0, 0], .trailing),
        ] as [([UInt8], MQTTError.Kind)])
    func `malformed packets of 5 are told apart`(_ bytes: [UInt8], _ kind: MQTTError.Kind) {
        #expect(throws: MQTTError(kind)) { try Self.read(ByteBuffer(bytes: bytes), .v5) }
    }
}
