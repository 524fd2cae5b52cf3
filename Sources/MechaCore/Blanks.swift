extension Substring {
    /// Without spaces and tabs at both ends (the optional white space of HTTP's lists).
    package func trimmingBlanks() -> Substring {
        var bytes = utf8
        while let first = bytes.first, Self.isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, Self.isBlank(last) { bytes.removeLast() }
        return Substring(bytes)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}

extension String {
    /// See `Substring.trimmingBlanks()`.
    package func trimmingBlanks() -> Substring { self[...].trimmingBlanks() }
}
