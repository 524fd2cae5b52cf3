/// `key1=value1,key2=value2` with percent-encoded values, as OpenTelemetry's environment variables write
/// headers and attributes.
enum KeyValueList {
    /// Nil when an entry has no key or no equals sign, or a value is not decodable.
    static func parse(_ text: String) -> [(key: String, value: String)]? {
        var pairs: [(String, String)] = []
        for entry in text.split(separator: ",") {
            guard let equals = entry.firstIndex(of: "="), let value = decode(trim(entry[entry.index(after: equals)...])) else {
                return nil
            }
            let key = trim(entry[..<equals])
            guard !key.isEmpty else { return nil }
            pairs.append((String(key), value))
        }
        return pairs
    }

    private static func trim(_ text: Substring) -> Substring {
        var trimmed = text.drop { $0 == " " }
        while trimmed.last == " " { trimmed.removeLast() }
        return trimmed
    }

    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let decoded = UInt8(Substring(rest.prefix(2)), radix: 16) else { return nil }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
