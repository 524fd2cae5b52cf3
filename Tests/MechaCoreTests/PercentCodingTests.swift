import MechaCore
import Testing

@Suite struct PercentCodingTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("a%20b", "a b"), ("%41%5a%7A", "AZz"), ("%C3%bc", "ü"), ("ü%2F", "ü/"), ("a+b", "a+b"), ("%25", "%"),
        ("%00", "\0"), ("a%2520", "a%20"),
    ])
    func `escapes are undone`(text: String, decoded: String) {
        #expect(PercentCoding.decode(text) == decoded)
        #expect(PercentCoding.decode(text[...]) == decoded)
    }

    @Test(arguments: ["%", "%4", "a%", "%zz", "%4g", "%g4", "% 4", "%+4", "%E9", "%C3", "%C3%", "%ff%fe"])
    func `what is no escape, or no UTF-8, is refused`(text: String) {
        #expect(PercentCoding.decode(text) == nil)
        #expect(PercentCoding.decode(text[...], plusIsBlank: true) == nil)
    }

    @Test func `in a form's query a plus is a blank`() {
        #expect(PercentCoding.decode("a+b%2B+", plusIsBlank: true) == "a b+ ")
        #expect(PercentCoding.decode("a+b"[...], plusIsBlank: true) == "a b")
    }

    @Test func `bytes need not be UTF-8`() {
        #expect(PercentCoding.bytes(of: "a%E9"[...].utf8) == [0x61, 0xe9])
        #expect(PercentCoding.bytes(of: "%e"[...].utf8) == nil)
    }

    @Test func `every byte survives the way there and back`() {
        let all = String(decoding: (0..<128).map { UInt8($0) }, as: UTF8.self) + "üñ€😀"
        #expect(PercentCoding.decode(PercentCoding.encode(all, keeping: PercentCoding.isUnreserved)) == all)
        #expect(PercentCoding.decode(PercentCoding.encode(all, keeping: PercentCoding.isPlainText)) == all)
        #expect(PercentCoding.encode("a b/ü%~", keeping: PercentCoding.isUnreserved) == "a%20b%2F%C3%BC%25~")
        #expect(PercentCoding.encode("a b/ü%~", keeping: PercentCoding.isPlainText) == "a b/%C3%BC%25~")
    }

    @Test(arguments: [("", ""), (" ", ""), ("\t a b\t ", "a b"), ("a", "a"), ("\u{a0}a\n", "\u{a0}a\n"), ("  ü", "ü")])
    func `blanks at the ends are cut off, and nothing else`(text: String, trimmed: String) {
        #expect(text.trimmingBlanks() == trimmed)
        #expect("x\(text)y".dropFirst().dropLast().trimmingBlanks() == trimmed)
    }
}
