import MechaCore

/// Free text as the value of a header: what may not stand there is percent-escaped, as in `grpc-message`.
enum HeaderText {
    static func escape(_ text: String) -> String { PercentCoding.encode(text, keeping: PercentCoding.isPlainText) }

    static func unescape(_ text: Substring) -> String { PercentCoding.decode(text) ?? String(text) }
}
