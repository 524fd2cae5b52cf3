import NIOCore
import Testing

@testable import MechaNameResolution

@Suite struct DNSMessageTests {
    /// What a Dapr runtime says about its app "orders", byte by byte (RFC 1035 section 4, RFC 6762 section 18).
    private static let response: [UInt8] =
        [0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 3]
        // At 12: orders.local. PTR, 3200 s, to "box:77" below it.
        + [6] + Array("orders".utf8) + [5] + Array("local".utf8) + [0] + [0, 12, 0, 1, 0, 0, 0x0c, 0x80, 0, 9] + [6] + Array("box:77".utf8)
        + [0xc0, 12]
        // The instance, at 36: SRV, unique, port 50002, box.local. with a pointer into a pointed-to name.
        + [0xc0, 36] + [0, 33, 0x80, 1, 0, 0, 0, 120, 0, 12, 0, 0, 0, 0, 0xc3, 0x52] + [3] + Array("box".utf8) + [0xc0, 19]
        // TXT
        + [0xc0, 36] + [0, 16, 0x80, 1, 0, 0, 0, 120, 0, 7, 6] + Array("orders".utf8)
        // A of the host, at 63.
        + [0xc0, 63] + [0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4, 10, 0, 0, 5]

    private static func expected() throws -> DNSMessage {
        let name = try #require(DNSName(["orders", "local"]))
        let instance = try #require(DNSName(["box:77", "orders", "local"]))
        let host = try #require(DNSName(["box", "local"]))
        var message = DNSMessage()
        message.isResponse = true
        message.answers = [.init(name: name, secondsToLive: 3200, data: .ptr(instance))]
        message.additionals = [
            .init(name: instance, secondsToLive: 120, isUnique: true, data: .srv(port: 50002, host: host)),
            .init(name: instance, secondsToLive: 120, isUnique: true, data: .txt(["orders"])),
            .init(name: host, secondsToLive: 120, isUnique: true, data: .a([10, 0, 0, 5])),
        ]
        return message
    }

    @Test func `a message of Dapr's form is read`() throws {
        #expect(DNSMessage(ByteBuffer(bytes: Self.response)) == (try Self.expected()))
    }

    @Test func `a message is written as the standard has it`() throws {
        #expect(try Self.expected().buffer == ByteBuffer(bytes: Self.response))
    }

    @Test func `every kind of message survives writing and reading`() throws {
        let name = try #require(DNSName(["orders", "local"]))
        var message = DNSMessage()
        message.id = 0xbeef
        message.operation = 5
        message.questions = [.init(name: name, type: .ptr), .init(name: name, type: .any, prefersUnicast: true)]
        message.answers = [
            .init(name: name, secondsToLive: .max, data: .aaaa(Array(1...16))),
            .init(name: name, secondsToLive: 0, data: .txt(["", "größe"])),
            .init(name: name, secondsToLive: 1, data: .other(.init(rawValue: 47), [1, 2, 3])),
        ]
        #expect(DNSMessage(message.buffer) == message)
    }

    @Test func `names compare without case`() throws {
        let a = try #require(DNSName(["Orders", "LOCAL"]))
        let b = try #require(DNSName(["orders", "local"]))
        #expect(a == b)
        #expect(Set([a, b]).count == 1)
    }

    @Test func `labels and names that are too long are none`() {
        #expect(DNSName([String(repeating: "a", count: 64)]) == nil)
        #expect(DNSName([String(repeating: "a", count: 63)]) != nil)
        #expect(DNSName([""]) == nil)
        #expect(DNSName(Array(repeating: "abc", count: 64)) == nil)
        #expect(DNSName(Array(repeating: "abc", count: 63)) != nil)
    }

    @Test(
        arguments: [
            [0xc0, 12],  // points at itself
            [0xc0, 14, 0xc0, 12],  // points ahead, and back
            [1, 0x61, 0xc0, 12],  // grows for ever
            [0xc0],  // half a pointer
            [0x40, 0],  // a reserved form of label
            [5, 0x61],  // a label that does not end
            [0xff, 0xff],  // points behind the end
        ] as [[UInt8]])
    func `a name that leads nowhere ends the reading`(name: [UInt8]) {
        let message: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name + [0, 12, 0, 1]
        #expect(DNSMessage(ByteBuffer(bytes: message)) == nil)
    }

    @Test func `no prefix of a message is a message`() {
        for length in 0..<Self.response.count {
            #expect(DNSMessage(ByteBuffer(bytes: Self.response[..<length])) == nil, "\(length) bytes")
        }
    }

    @Test(arguments: 0..<8)
    func `random changes of a message never crash, and what is read can be written`(seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<2_000 {
            var bytes = Self.response
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeLast(Int.random(in: 0..<min(4, bytes.count - 1), using: &random))
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0..<bytes.count, using: &random))
                }
            }
            guard let message = DNSMessage(ByteBuffer(bytes: bytes)) else { continue }
            let again = DNSMessage(message.buffer)
            #expect(again != nil)
        }
    }
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
