import MechaCore

/// The percent-encoding of `grpc-message`: printable ASCII but `%` stands as it is, other bytes of UTF-8 as `%XX`.
enum GRPCPercentCoding {
    static func encode(_ text: String) -> String { PercentCoding.encode(text, keeping: PercentCoding.isPlainText) }

    /// Never fails: what is no escape stands for itself, bytes that are no UTF-8 become U+FFFD.
    static func decode(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap(PercentCoding.digit)
            if byte == UInt8(ascii: "%"), digits.count == 2 {
                bytes.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
