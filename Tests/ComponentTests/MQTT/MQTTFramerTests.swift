import MechaTestKit
import NIOCore
import Testing

@testable import MechaMQTT

@Suite struct MQTTFramerTests {
    @Test func `packets come out however the bytes were cut`() throws {
        var stream = ByteBuffer()
        for packet in MQTTPacketTests.plain { packet.write(into: &stream, version: .v311) }
        for size in [1, 2, 3, 7, 1000, stream.readableBytes] {
            var rest = stream
            var framer = MQTTFramer(maximumPacketBytes: 1 << 20)
            var packets: [MQTTPacket] = []
            while rest.readableBytes > 0 {
                framer.append(rest.readSlice(length: min(size, rest.readableBytes)) ?? ByteBuffer())
                while case .packet(let header, let body)? = try framer.next() {
                    packets.append(try MQTTPacket.read(header: header, body: body, version: .v311))
                }
            }
            #expect(packets == MQTTPacketTests.plain)
        }
    }

    @Test(arguments: [1, 50, 400]) func `a packet beyond the limit is passed over and the next one is read`(_ size: Int) throws {
        var stream = ByteBuffer()
        MQTTPacket.publish(MQTTPublish(topic: "t", payload: ByteBuffer(repeating: 1, count: 300))).write(into: &stream, version: .v311)
        let oversized = stream.readableBytes
        MQTTPacket.pingresp.write(into: &stream, version: .v311)
        var framer = MQTTFramer(maximumPacketBytes: 100)
        var units: [MQTTFramer.Unit] = []
        while stream.readableBytes > 0 {
            framer.append(stream.readSlice(length: min(size, stream.readableBytes)) ?? ByteBuffer())
            while let unit = try framer.next() { units.append(unit) }
        }
        #expect(units == [.oversized(header: 0x30, bytes: oversized), .packet(header: 0xd0, body: ByteBuffer())])
    }

    @Test func `a length of five bytes is no length`() {
        var framer = MQTTFramer(maximumPacketBytes: 100)
        framer.append(ByteBuffer(bytes: [0x30, 0x80, 0x80, 0x80, 0x80, 0x01]))
        #expect(throws: MQTTError(.badRemainingLength)) { try framer.next() }
    }

    /// Whatever comes, the framer and the packets end in a value or an error, and what is read writes as the same packet.
    @Test(arguments: [MQTTVersion.v311, .v5]) func `random and damaged bytes do no harm`(_ version: MQTTVersion) throws {
        var generator = SeededGenerator(seed: 20_261_121)
        let whole = (MQTTPacketTests.plain + (version == .v5 ? MQTTPacketTests.ofVersion5 : []))
            .map { MQTTPacketTests.bytes($0, version) }.filter { $0.readableBytes < 1000 }
        for round in 0..<20_000 {
            var bytes: [UInt8]
            if round % 3 == 0 {
                bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            } else {
                bytes = Array(whole.randomElement(using: &generator)!.readableBytesView)
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let index = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0...2, using: &generator) {
                    case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                    case 1: bytes.remove(at: index)
                    default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
                    }
                    if bytes.isEmpty { bytes = [0] }
                }
            }
            var framer = MQTTFramer(maximumPacketBytes: 4096)
            framer.append(ByteBuffer(bytes: bytes))
            do {
                while let unit = try framer.next() {
                    guard case .packet(let header, let body) = unit else { continue }
                    let packet = try MQTTPacket.read(header: header, body: body, version: version)
                    if case .connect(let connect) = packet, connect.version != version { continue }
                    // Longer ways to say the same (properties of length zero, say) come back in their short form.
                    let again = try MQTTPacketTests.read(MQTTPacketTests.bytes(packet, version), version)
                    #expect(again == packet || version == .v311, "\(bytes)")
                }
            } catch is MQTTError {}
        }
    }
}
