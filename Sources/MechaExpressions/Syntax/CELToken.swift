/// One word of an expression.
struct CELToken: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case identifier(String)
        /// In backquotes, which only a field name may be: `` a.`content-type` ``.
        case quotedIdentifier(String)
        /// The magnitude; a minus before it is an operator until the parser joins them.
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        /// Operators and brackets, as written.
        case symbol(Symbol)
        case end
    }

    enum Symbol: String, Sendable, Equatable, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case and = "&&"
        case or = "||"
        case less = "<"
        case greater = ">"
        case plus = "+"
        case minus = "-"
        case star = "*"
        case slash = "/"
        case percent = "%"
        case not = "!"
        case question = "?"
        case colon = ":"
        case comma = ","
        case dot = "."
        case openParenthesis = "("
        case closeParenthesis = ")"
        case openBracket = "["
        case closeBracket = "]"
        case openBrace = "{"
        case closeBrace = "}"
    }

    var kind: Kind
    var place: CELPlace

    /// For messages.
    var name: String {
        switch kind {
        case .identifier(let name): "\"\(name.prefix(40))\""
        case .quotedIdentifier: "a quoted name"
        case .int, .uint, .double: "a number"
        case .string: "a string"
        case .bytes: "bytes"
        case .symbol(let symbol): "\"\(symbol.rawValue)\""
        case .end: "the end"
        }
    }

    /// Words that are operators or literals and never names.
    static let keywords: Set<String> = ["true", "false", "null", "in"]
    /// Words that the language keeps for later; they may be fields, not variables.
    static let reservedWords: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace",
        "return", "var", "void", "while",
    ]
}
