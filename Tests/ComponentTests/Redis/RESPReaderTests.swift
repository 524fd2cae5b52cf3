import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RESPReaderTests {
    private func value(_ text: String, limits: RESPLimits = RESPLimits()) throws -> RESPValue {
        var reader = RESPReader(ByteBuffer(string: text), limits: limits)
        let value = try reader.readValue()
        #expect(reader.isAtEnd)
        return value
    }

    @Test(arguments: [
        ("+OK\r\n", RESPValue.string(ByteBuffer(string: "OK"))), (":-42\r\n", .integer(-42)), ("$-1\r\n", .null), ("*-1\r\n", .null),
        ("_\r\n", .null),
        ("$3\r\na\r\n\r\n", .string(ByteBuffer(string: "a\r\n"))), ("#t\r\n", .boolean(true)), ("#f\r\n", .boolean(false)),
        (",1.5e3\r\n", .double(1500)), (",-inf\r\n", .double(-.infinity)),
        ("(123456789012345678901\r\n", .string(ByteBuffer(string: "123456789012345678901"))),
        ("=7\r\ntxt:abc\r\n", .string(ByteBuffer(string: "abc"))), ("!7\r\nERR x y\r\n", .error(RedisServerError("ERR x y"))),
        ("-MOVED 1 a:2\r\n", .error(RedisServerError("MOVED 1 a:2"))),
        ("%1\r\n+k\r\n:1\r\n", .map([.string(ByteBuffer(string: "k")), .integer(1)])), ("~1\r\n:1\r\n", .array([.integer(1)])),
        ("*2\r\n*0\r\n$-1\r\n", .array([.array([]), .null])), ("|1\r\n+ttl\r\n:3\r\n:7\r\n", .integer(7)),
        (":9223372036854775807\r\n", .integer(.max)), (":-9223372036854775808\r\n", .integer(.min)),
    ])
    func `every type is read`(_ text: String, _ expected: RESPValue) throws {
        #expect(try value(text) == expected)
    }

    @Test func `values nested too deep are refused, through attributes as well`() {
        var limits = RESPLimits()
        limits.nestingDepth = 3
        #expect(throws: Never.self) { try value("*1\r\n*1\r\n*1\r\n:1\r\n", limits: limits) }
        #expect(throws: RESPError(.limitExceeded("nestingDepth"))) { try value("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", limits: limits) }
        let attributes = String(repeating: "|1\r\n", count: 100_000)
        #expect(throws: RESPError(.limitExceeded("nestingDepth"))) { try value(attributes, limits: limits) }
    }

    @Test(arguments: [
        ":x\r\n", ":\r\n", ":9223372036854775808\r\n", "#x\r\n", ",x\r\n", "=2\r\nab\r\n", "*3\r\n:1\r\n", "$9\r\nabc\r\n", "",
    ])
    func `a malformed value is an error`(_ text: String) {
        #expect(throws: RESPError.self) { try value(text) }
    }

    @Test func `a number written by the writer is read back by the header`() throws {
        for number in [0, 1, 9, 10, 99, 100, 12_345, 1 << 20] {
            var writer = RESPWriter()
            writer.begin(parts: number)
            let line = try #require(
                try writer.buffer.withUnsafeReadableBytes { try RESPHeader.read($0, at: 0, RESPLimits()) })
            #expect(line.body == .aggregate(number))
        }
    }

    @Test func `a command is an array of bulk strings`() {
        var writer = RESPWriter()
        writer.command("SET", "ключ", "")
        #expect(String(buffer: writer.buffer) == "*3\r\n$3\r\nSET\r\n$8\r\nключ\r\n$0\r\n\r\n")
        writer.reset()
        writer.isAsking = true
        writer.command("GET", "k")
        #expect(String(buffer: writer.buffer) == "*1\r\n$6\r\nASKING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
    }

    @Test func `a server's error is shown without what it quotes`() {
        let error = RedisServerError("ERR unknown command 'FOO', with args beginning with: 'secret'")
        #expect(error.kind == "ERR")
        #expect(error.description == "ERR unknown command ")
    }
}
