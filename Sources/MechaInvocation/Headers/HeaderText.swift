/// Free text as the value of a header: what may not stand there is percent-escaped, as in `grpc-message`.
enum HeaderText {
    static func escape(_ text: String) -> String {
        guard text.utf8.contains(where: mustEscape) else { return text }
        let digits = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if mustEscape(byte) {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func unescape(_ text: Substring) -> String { PercentCoding.decode(String(text)) ?? String(text) }

    private static func mustEscape(_ byte: UInt8) -> Bool { byte < 0x20 || byte > 0x7e || byte == UInt8(ascii: "%") }
}
