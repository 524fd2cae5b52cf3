import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RESPFramerTests {
    /// Feeds `text` in two pieces, cut at `cut`, and answers the units that come out.
    private func units(_ text: String, replies: Int = 1, cut: Int? = nil, limits: RESPLimits = RESPLimits()) throws -> [String] {
        var framer = RESPFramer(limits: limits)
        var units: [String] = []
        var bytes = ByteBuffer(string: text)
        let pieces = [cut.flatMap { bytes.readSlice(length: $0) }, bytes].compactMap(\.self)
        for piece in pieces {
            framer.append(piece)
            while let unit = try framer.next(replies: replies) {
                switch unit {
                case .replies(let replies): units.append((replies.containsError ? "error " : "") + String(buffer: replies.bytes))
                case .push(let message): units.append("push " + String(buffer: message))
                }
            }
        }
        return units
    }

    @Test(arguments: [
        "+OK\r\n", "-ERR no\r\n", ":-42\r\n", "$5\r\nhe\r\no\r\n", "$0\r\n\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n",
        "*2\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n", "_\r\n", "#t\r\n", ",1.5e3\r\n", ",inf\r\n", "(12345678901234567890\r\n",
        "!5\r\nERR x\r\n", "=7\r\ntxt:abc\r\n", "%1\r\n+k\r\n*1\r\n:1\r\n", "~2\r\n:1\r\n:2\r\n",
        "|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n", "*1\r\n|1\r\n+a\r\n+b\r\n:7\r\n",
    ])
    func `a value of any type is one unit wherever the stream is cut`(_ value: String) throws {
        let isError = value.hasPrefix("-") || value.hasPrefix("!")
        let expected = (isError ? "error " : "") + value
        for cut in 0...value.utf8.count {
            #expect(try units(value, cut: cut) == [expected])
            #expect(try units(value + value, cut: cut) == [expected, expected])
        }
    }

    @Test func `a call that waits for several replies gets them as one unit`() throws {
        let stream = "*2\r\n$1\r\na\r\n$-1\r\n:-1\r\n+OK\r\n:5\r\n"
        for cut in 0...stream.utf8.count {
            #expect(try units(stream, replies: 2, cut: cut) == ["*2\r\n$1\r\na\r\n$-1\r\n:-1\r\n", "+OK\r\n:5\r\n"])
        }
    }

    @Test func `a push message is taken out of the middle of a unit`() throws {
        let push = ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n"
        let stream = push + "+one\r\n" + push + push + "+two\r\n" + push
        for cut in 0...stream.utf8.count {
            #expect(
                try units(stream, replies: 2, cut: cut) == [
                    "push " + push, "push " + push, "push " + push, "+one\r\n+two\r\n", "push " + push,
                ])
        }
    }

    @Test func `while nobody waits an array is a push message, as RESP2 has it, and anything else is an error`() throws {
        #expect(try units("*1\r\n+message\r\n", replies: 0) == ["push *1\r\n+message\r\n"])
        #expect(throws: RESPError(.unsolicitedReply)) { try units("+OK\r\n", replies: 0) }
    }

    @Test(arguments: [
        ("x", RESPError.Reason.unknownType(UInt8(ascii: "x"))), ("HTTP/1.1 200 OK\r\n", .unknownType(UInt8(ascii: "H"))),
        ("$x\r\n", .malformedNumber), ("$-2\r\n", .malformedNumber), ("*-7\r\n", .malformedNumber), ("%-1\r\n", .malformedNumber),
        ("$\r\n", .malformedNumber), ("*99999999999999999999\r\n", .malformedNumber), ("*?\r\n", .malformedNumber),
        ("$1\r\nabc\r\n", .missingTerminator), ("+a\rb\r\n", .missingTerminator),
        ("*1\r\nQ\r\n", .unknownType(UInt8(ascii: "Q"))),
    ])
    func `what is not RESP is refused`(_ text: String, _ reason: RESPError.Reason) {
        #expect(throws: RESPError(reason)) { try units(text) }
    }

    @Test func `limits hold before anything is stored for what was announced`() throws {
        var limits = RESPLimits()
        limits.bulkBytes = 10
        limits.elements = 6
        limits.lineBytes = 20
        limits.replyBytes = 60
        #expect(throws: RESPError(.limitExceeded("bulkBytes"))) { try units("$11\r\n", limits: limits) }
        #expect(throws: RESPError(.limitExceeded("elements"))) { try units("*7\r\n", limits: limits) }
        #expect(throws: RESPError(.limitExceeded("elements"))) { try units("%4\r\n", limits: limits) }
        #expect(throws: RESPError(.limitExceeded("elements"))) {
            try units(String(repeating: "*1\r\n", count: 7), limits: limits)
        }
        #expect(throws: RESPError(.limitExceeded("lineBytes"))) {
            try units("+" + String(repeating: "a", count: 24), limits: limits)
        }
        #expect(throws: RESPError(.limitExceeded("replyBytes"))) {
            try units("*5\r\n" + String(repeating: "$10\r\n0123456789\r\n", count: 4), limits: limits)
        }
        #expect(try units("$10\r\n0123456789\r\n", limits: limits) == ["$10\r\n0123456789\r\n"])
        #expect(try units("+" + String(repeating: "a", count: 20) + "\r\n", limits: limits).count == 1)
    }
}
