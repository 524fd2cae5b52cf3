extension CELComprehension.Form {
    init?(macro name: String) {
        // The newer spelling of the same macro.
        self.init(rawValue: name == "existsOne" ? "exists_one" : name)
    }
}

// Macros take names and expressions rather than values, so they are read here and not called.
extension CELParser {
    mutating func hasMacro(at place: CELPlace) throws(CELSyntaxError) -> CELNode {
        try expect(.openParenthesis, "after has")
        let argument = try expression()
        guard case .select(let operand, let field) = argument.kind else {
            throw CELSyntaxError(argument.place, "has() is not about a field", expected: "a field selection such as event.data")
        }
        try expect(.closeParenthesis, "to close has(")
        return try node(.has(operand, field: field), at: place)
    }

    mutating func comprehension(
        _ form: CELComprehension.Form, over range: CELNode, at place: CELPlace
    ) throws(CELSyntaxError) -> CELNode {
        try expect(.openParenthesis, "after \(form.rawValue)")
        guard case .identifier(let name) = token.kind, !CELToken.keywords.contains(name), !CELToken.reservedWords.contains(name)
        else {
            throw CELSyntaxError(
                token.place, "the first argument of \(form.rawValue) is \(token.name)", expected: "a name for the element")
        }
        try advance()
        try expect(.comma, "after the element's name")
        let macro = try withVariable(name) { parser, slot throws(CELSyntaxError) in
            let first = try parser.expression()
            guard form == .map else {
                return CELComprehension(form: form, range: range, slot: slot, predicate: first, transform: nil)
            }
            guard parser.isSymbol(.comma) else {
                return CELComprehension(form: form, range: range, slot: slot, predicate: nil, transform: first)
            }
            try parser.advance()
            return CELComprehension(form: form, range: range, slot: slot, predicate: first, transform: try parser.expression())
        }
        try expect(.closeParenthesis, "to close \(form.rawValue)(")
        return try node(.comprehension(macro), at: place)
    }
}
