import NIOCore
import Testing

@testable import MechaRedis

/// Random replies and random damage to them, from fixed seeds.
@Suite struct RESPFuzzTests {
    /// SplitMix64: the same numbers in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
    }

    private func randomReply(depth: Int, _ generator: inout Generator) -> String {
        func text(_ count: Int) -> String { String(repeating: "v", count: count) }
        let kinds = depth < 4 ? 14 : 10
        switch Int.random(in: 0..<kinds, using: &generator) {
        case 0: return "+\(text(.random(in: 0..<20, using: &generator)))\r\n"
        case 1: return "-ERR \(text(.random(in: 0..<20, using: &generator)))\r\n"
        case 2: return ":\(Int64.random(in: .min ... .max, using: &generator))\r\n"
        case 3: return "$-1\r\n"
        case 4: return "_\r\n"
        case 5: return "#t\r\n"
        case 6: return ",3.25\r\n"
        case 7: return "=8\r\ntxt:a\r\nb\r\n"
        case 8, 9:
            let count = Int.random(in: 0..<200, using: &generator)
            return "$\(count)\r\n\(text(count))\r\n"
        case 10: return "|1\r\n+a\r\n+b\r\n" + randomReply(depth: depth + 1, &generator)
        case 11: return "%1\r\n" + randomReply(depth: depth + 1, &generator) + randomReply(depth: depth + 1, &generator)
        default:
            let count = Int.random(in: 0..<5, using: &generator)
            return "*\(count)\r\n" + (0..<count).map { _ in randomReply(depth: depth + 1, &generator) }.joined()
        }
    }

    /// What comes out when `stream` arrives in pieces of the given sizes; an error ends it.
    private func run(_ stream: ByteBuffer, replies: Int, pieces: () -> Int) -> (units: [ByteBuffer], error: RESPError?) {
        var framer = RESPFramer()
        var stream = stream
        var units: [ByteBuffer] = []
        do throws(RESPError) {
            while stream.readableBytes > 0 {
                framer.append(stream.readSlice(length: min(pieces(), stream.readableBytes)) ?? ByteBuffer())
                while let unit = try framer.next(replies: replies) {
                    guard case .replies(let replies) = unit else { continue }
                    units.append(replies.bytes)
                }
            }
        } catch {
            return (units, error)
        }
        return (units, nil)
    }

    @Test(arguments: 0..<20) func `replies come out whole, however they are cut`(_ seed: UInt64) throws {
        var generator = Generator(state: seed)
        let replies = (0..<40).map { _ in randomReply(depth: 0, &generator) }
        let stream = ByteBuffer(string: replies.joined())
        let whole = run(stream, replies: 1) { .max }
        #expect(whole.units.map { String(buffer: $0) } == replies)
        #expect(run(stream, replies: 1) { 1 }.units == whole.units)
        #expect(run(stream, replies: 1) { Int.random(in: 1...50, using: &generator) }.units == whole.units)
        #expect(run(stream, replies: 4) { 7 }.units.count == 10)
        for unit in whole.units {
            var reader = RESPReader(unit)
            _ = try reader.readValue()
            #expect(reader.isAtEnd)
        }
    }

    @Test(arguments: 100..<110) func `damaged replies end in an error or in other replies, never in a crash`(_ seed: UInt64) {
        var generator = Generator(state: seed)
        for _ in 0..<300 {
            var stream = ByteBuffer(string: (0..<5).map { _ in randomReply(depth: 0, &generator) }.joined())
            for _ in 0..<Int.random(in: 1...4, using: &generator) where stream.readableBytes > 0 {
                let index = Int.random(in: 0..<stream.readableBytes, using: &generator)
                stream.setInteger(UInt8.random(in: .min ... .max, using: &generator), at: index)
            }
            let atOnce = run(stream, replies: 1) { .max }
            let byteByByte = run(stream, replies: 1) { 1 }
            #expect(atOnce.units == byteByByte.units)
            #expect(atOnce.error == byteByByte.error)
            for unit in atOnce.units {
                var reader = RESPReader(unit)
                while !reader.isAtEnd, (try? reader.readValue()) != nil {}
            }
        }
    }
}
