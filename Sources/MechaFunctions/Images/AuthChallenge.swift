/// What a registry wants before it answers: `WWW-Authenticate` (RFC 9110 section 11.6.1).
struct AuthChallenge: Equatable {
    /// In lower case: `bearer`, `basic`.
    var scheme: String
    var parameters: [String: String] = [:]

    /// Nil when it is not understood.
    init?(_ text: String) {
        let word = text.prefix { $0 != " " }
        guard !word.isEmpty else { return nil }
        scheme = word.lowercased()
        var rest = text.dropFirst(word.count)
        while true {
            rest = rest.drop { $0 == " " || $0 == "," }
            if rest.isEmpty { return }
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let name = rest[..<equals].lowercased()
            rest = rest[rest.index(after: equals)...]
            var value = ""
            if rest.first == "\"" {
                rest.removeFirst()
                var isEscaped = false
                while let character = rest.popFirst(), isEscaped || character != "\"" {
                    isEscaped = !isEscaped && character == "\\"
                    if !isEscaped { value.append(character) }
                }
            } else {
                value = String(rest.prefix { $0 != "," && $0 != " " })
                rest = rest.dropFirst(value.count)
            }
            parameters[name] = value
        }
    }
}
