import MechaCore

/// Text of queries and forms (`application/x-www-form-urlencoded`).
enum FormText {
    static func encode(_ text: String) -> String { PercentCoding.encode(text, keeping: PercentCoding.isUnreserved) }

    static func encode(_ pairs: [(String, String)]) -> String {
        pairs.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&")
    }

    /// Names and values in order; what cannot be decoded is left out.
    static func decode(_ text: some StringProtocol) -> [(String, String)] {
        text.split(separator: "&").compactMap { pair in
            let mark = pair.firstIndex(of: "=") ?? pair.endIndex
            let name = PercentCoding.decode(Substring(pair[..<mark]), plusIsBlank: true)
            let value = PercentCoding.decode(Substring(pair[mark...].dropFirst()), plusIsBlank: true)
            guard let name, let value else { return nil }
            return (name, value)
        }
    }

    /// The first value of that name in the query of a request target.
    static func queryValue(_ name: String, of target: String) -> String? {
        guard let mark = target.firstIndex(of: "?") else { return nil }
        return decode(target[mark...].dropFirst()).first { $0.0 == name }?.1
    }
}
