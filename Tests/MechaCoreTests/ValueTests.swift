import NIOCore
import Testing

@testable import MechaCore

@Suite struct ValueTests {
    @Test(arguments: [
        ("0", Duration.zero), ("300ms", .milliseconds(300)), ("1.5h", .seconds(5400)), ("2h45m", .seconds(9900)), ("1us", .microseconds(1)),
        ("-1s", .seconds(-1)),
    ])
    func `Go durations are read`(text: String, expected: Duration) { #expect(GoDuration.parse(text) == expected) }

    @Test(arguments: ["", "1", "s", "1x", "1.2.3s", "-", "1s2", "9999999h"])
    func `other texts are no durations`(text: String) { #expect(GoDuration.parse(text) == nil) }

    @Test(arguments: [("4Mi", 4 << 20), ("512", 512), ("64Ki", 65_536), ("1G", 1_000_000_000)])
    func `byte sizes are read`(text: String, expected: Int) { #expect(ByteSize.parse(text) == expected) }

    @Test(arguments: ["2026-11-21T10:00:00Z", "1969-12-31T23:59:59.5Z", "2000-02-29T00:00:00.000000001Z", "1900-03-01T12:30:00Z"])
    func `RFC 3339 goes through unchanged`(text: String) throws {
        #expect(try #require(Timestamp(rfc3339: text)).rfc3339 == text)
    }

    @Test func `offsets are counted in`() {
        #expect(Timestamp(rfc3339: "2026-11-21T12:00:00+02:00") == Timestamp(rfc3339: "2026-11-21T10:00:00Z"))
    }

    @Test(arguments: ["2026-11-21", "2026-13-21T10:00:00Z", "2026-11-21T10:00:00", "2026-11-21T10:00:00.Z", "x"])
    func `other texts are no moments`(text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test func `Base64 goes both ways`() {
        for length in 0..<20 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        #expect(Base64.decode("a") == nil)
        #expect(Base64.decode("ab=c") == nil)
        #expect(Base64.decode("a b") == nil)
    }

    @Test func `a slip names the nearest name`() {
        #expect(nearestName(to: "redisHots", among: ["redisHost", "redisDB"]) == "redisHost")
        #expect(nearestName(to: "somethingElse", among: ["redisHost", "redisDB"]) == nil)
    }

    @Test func `numbers from the pool do not come again, whoever asks`() async {
        let numbers = await withTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var random = PooledRandom()
                    return (0..<1_000).map { _ in random.next() }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(numbers).count == 8_000 && !numbers.contains(0))
        // Of 64 bits each is set about as often as not.
        let ones = numbers.reduce(0) { $0 + $1.nonzeroBitCount }
        #expect(abs(ones - 8_000 * 32) < 8_000)
    }

    @Test func `ids have the form of version 4`() {
        let id = Array(RandomID.uuid())
        #expect(id.count == 36)
        #expect(id[14] == "4")
        #expect("89ab".contains(id[19]))
    }
}

@Suite struct JSONTests {
    @Test(arguments: [
        #"{"a":[1,2.50,-0,1e5],"b":{"c":null,"d":true},"e":"\u00e9\n\"\\"}"#, "[]", "{}", #""""#, "0", " [ 1 , {} ] ",
    ])
    func `documents go through and keep their meaning`(text: String) throws {
        let value = try JSON.parse(text)
        #expect(try JSON.parse(value.text) == value)
        #expect(JSON.isValid(ByteBuffer(string: text)))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{\"a\":}", "01", "1.", ".5", "+1", "nul", "\"a", "\"\\x\"", "\"\u{1}\"", "[1] 2", "{\"a\":1,}", "'a'",
    ])
    func `what is no document is refused with its place`(text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(text) }
        #expect(!JSON.isValid(ByteBuffer(string: text)))
    }

    @Test func `depth is bounded`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSON.parse(deep) }
    }

    @Test func `escapes become characters, surrogate pairs too`() throws {
        #expect(try JSON.parse(#""\ud83d\ude00\u0041\t""#) == .string("😀A\t"))
        #expect(try JSON.parse(#""\ud83d""#) == .string("\u{fffd}"))
    }

    @Test func `random bytes never crash the reader`() {
        var generator = SplitMix(state: 7)
        let alphabet = Array(#"{}[]",:\u0123456789eE+-.truefalsn "#.utf8) + [0, 200, 255]
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            if let value = try? JSON.parse(ByteBuffer(bytes: bytes)) { #expect(JSON.isValid(value.buffer)) }
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
