/// Rules of subjects: tokens between dots; `*` stands for one token, `>` at the end for one or more.
enum NATSSubject {
    /// Whether messages can be published to it.
    static func isLiteral(_ subject: String) -> Bool { isPattern(subject) && !hasWildcard(subject) }

    /// Whether it can be subscribed to.
    static func isPattern(_ subject: String) -> Bool {
        guard !subject.isEmpty, !subject.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else { return false }
        let tokens = subject.split(separator: ".", omittingEmptySubsequences: false)
        return tokens.allSatisfy { !$0.isEmpty } && !tokens.dropLast().contains(">")
    }

    static func hasWildcard(_ subject: String) -> Bool {
        subject.split(separator: ".", omittingEmptySubsequences: false).contains { $0 == "*" || $0 == ">" }
    }

    /// Whether every subject that `other` stands for is one that `pattern` stands for.
    static func covers(_ pattern: String, _ other: String) -> Bool {
        let wide = pattern.split(separator: ".")
        let narrow = other.split(separator: ".")
        for (index, token) in wide.enumerated() {
            guard index < narrow.count else { return false }
            if token == ">" { return true }
            guard token == "*" ? narrow[index] != ">" : token == narrow[index] else { return false }
        }
        return wide.count == narrow.count
    }

    /// A name for a stream or consumer made of a subject: those may hold no dots, blanks, wildcards or slashes.
    static func name(from text: String) -> String {
        String(
            text.unicodeScalars.map { scalar -> String in
                switch scalar {
                case ".", "/", "\\": "_"
                case "*": "any"
                case ">": "all"
                default: scalar.value <= 0x20 || scalar.value == 0x7f ? "_" : String(scalar)
                }
            }.joined().prefix(200))
    }
}
