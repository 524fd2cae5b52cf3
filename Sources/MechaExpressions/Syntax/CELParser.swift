import MechaCore

/// Reads an expression into a tree whose names are resolved. Macros are in `CELParser+Macros.swift`.
struct CELParser {
    private var lexer: CELLexer
    private(set) var token: CELToken
    let limits: CELLimits
    /// Names in scope; the position is the slot. Later ones hide earlier ones.
    var scope: [String]
    /// Slots that are in use at once at most.
    private(set) var slotCount: Int
    private var nesting = 0

    init(_ source: String, variables: [String], limits: CELLimits) throws(CELSyntaxError) {
        let start = CELPlace(line: 1, column: 1)
        guard source.utf8.count <= limits.sourceBytes else {
            throw CELSyntaxError(start, "the expression is longer than \(limits.sourceBytes) bytes")
        }
        lexer = CELLexer(source)
        token = CELToken(kind: .end, place: start)
        self.limits = limits
        scope = variables
        slotCount = variables.count
        token = try lexer.next()
    }

    mutating func wholeExpression() throws(CELSyntaxError) -> CELNode {
        if token.kind == .end { throw CELSyntaxError(token.place, "the expression is empty", expected: "a value") }
        let node = try expression()
        guard token.kind == .end else {
            throw CELSyntaxError(token.place, "\(token.name) follows a complete expression", expected: "an operator or the end")
        }
        return node
    }

    // MARK: - Operators

    mutating func expression() throws(CELSyntaxError) -> CELNode {
        try enter()
        defer { nesting -= 1 }
        let condition = try disjunction()
        guard isSymbol(.question) else { return condition }
        let place = token.place
        try advance()
        let then = try disjunction()
        try expect(.colon, "after the first value of \"?\"")
        return try node(.conditional(condition, then: then, otherwise: try expression()), at: place)
    }

    private mutating func disjunction() throws(CELSyntaxError) -> CELNode {
        let first = try conjunction()
        guard isSymbol(.or) else { return first }
        let place = token.place
        var operands = [first]
        while isSymbol(.or) {
            try advance()
            operands.append(try conjunction())
        }
        return try node(.or(operands), at: place)
    }

    private mutating func conjunction() throws(CELSyntaxError) -> CELNode {
        let first = try binary(0)
        guard isSymbol(.and) else { return first }
        let place = token.place
        var operands = [first]
        while isSymbol(.and) {
            try advance()
            operands.append(try binary(0))
        }
        return try node(.and(operands), at: place)
    }

    /// Relations (level 0), sums (1) and products (2), all from left to right.
    private mutating func binary(_ level: Int) throws(CELSyntaxError) -> CELNode {
        var left = try level == 2 ? unary() : binary(level + 1)
        while let (found, operation) = operatorHere, found == level {
            let place = token.place
            try advance()
            let right = try level == 2 ? unary() : binary(level + 1)
            left = try node(.binary(operation, left, right), at: place)
        }
        return left
    }

    private var operatorHere: (Int, CELOperator)? {
        switch token.kind {
        case .identifier("in"): (0, .in)
        case .symbol(.equal): (0, .equal)
        case .symbol(.notEqual): (0, .notEqual)
        case .symbol(.less): (0, .less)
        case .symbol(.lessOrEqual): (0, .lessOrEqual)
        case .symbol(.greater): (0, .greater)
        case .symbol(.greaterOrEqual): (0, .greaterOrEqual)
        case .symbol(.plus): (1, .add)
        case .symbol(.minus): (1, .subtract)
        case .symbol(.star): (2, .multiply)
        case .symbol(.slash): (2, .divide)
        case .symbol(.percent): (2, .modulo)
        default: nil
        }
    }

    private mutating func unary() throws(CELSyntaxError) -> CELNode {
        let place = token.place
        if isSymbol(.not) {
            var count = 0
            while isSymbol(.not) {
                count += 1
                try advance()
            }
            let operand = try member()
            // An even number of them still asks for a bool.
            let inner = try node(.not(operand), at: place)
            return count % 2 == 1 ? inner : try node(.not(inner), at: place)
        }
        guard isSymbol(.minus) else { return try member() }
        var count = 0
        while isSymbol(.minus) {
            count += 1
            try advance()
        }
        // The smallest int has no positive counterpart, so its minus belongs to the literal.
        var operand: CELNode
        if case .int(1 << 63) = token.kind {
            let literal = token.place
            try advance()
            count -= 1
            operand = try suffixes(of: try node(.literal(.int(.min)), at: literal))
        } else {
            operand = try member()
        }
        if count == 0 { return operand }
        operand = try node(.negate(operand), at: place)
        // An even number of them still asks for a number that can be negated.
        return count % 2 == 1 ? operand : try node(.negate(operand), at: place)
    }

    // MARK: - Members

    private mutating func member() throws(CELSyntaxError) -> CELNode { try suffixes(of: try primary()) }

    private mutating func suffixes(of primary: CELNode) throws(CELSyntaxError) -> CELNode {
        var node = primary
        while true {
            let place = token.place
            if isSymbol(.openBracket) {
                try advance()
                let index = try expression()
                try expect(.closeBracket, "after an index")
                node = try self.node(.index(node, index), at: place)
            } else if isSymbol(.dot) {
                try advance()
                let (field, isQuoted) = try fieldName()
                let fieldPlace = token.place
                try advance()
                if isSymbol(.openParenthesis), !isQuoted {
                    node = try memberCall(field, on: node, at: fieldPlace)
                } else {
                    node = try self.node(.select(node, field: field), at: fieldPlace)
                }
            } else if isSymbol(.openBrace) {
                throw CELSyntaxError(place, "messages cannot be made here", expected: "an operator or the end")
            } else {
                return node
            }
        }
    }

    private func fieldName() throws(CELSyntaxError) -> (String, isQuoted: Bool) {
        switch token.kind {
        case .identifier(let name) where !CELToken.keywords.contains(name): return (name, false)
        case .quotedIdentifier(let name): return (name, true)
        default: throw CELSyntaxError(token.place, "\(token.name) follows \".\"", expected: "a field or function name")
        }
    }

    private mutating func memberCall(_ name: String, on receiver: CELNode, at place: CELPlace) throws(CELSyntaxError) -> CELNode {
        if let form = CELComprehension.Form(macro: name) { return try comprehension(form, over: receiver, at: place) }
        guard let function = CELFunction(rawValue: name), let allowed = function.memberArguments else {
            throw unknownFunction(name, place, among: CELFunction.allCases.filter { $0.memberArguments != nil })
        }
        return try call(function, [receiver] + arguments(allowed, of: name, at: place), at: place)
    }

    // MARK: - Primaries

    private mutating func primary() throws(CELSyntaxError) -> CELNode {
        let place = token.place
        switch token.kind {
        case .int(let magnitude):
            guard magnitude < 1 << 63 else { throw CELSyntaxError(place, "the number is too large for an int of 64 bits") }
            return try literal(.int(Int64(magnitude)))
        case .uint(let number): return try literal(.uint(number))
        case .double(let number): return try literal(.double(number))
        case .string(let text): return try literal(.string(text))
        case .bytes(let bytes): return try literal(.bytes(bytes))
        case .identifier("true"): return try literal(.bool(true))
        case .identifier("false"): return try literal(.bool(false))
        case .identifier("null"): return try literal(.null)
        case .identifier(let name): return try named(name)
        case .symbol(.openParenthesis):
            try advance()
            let inner = try expression()
            try expect(.closeParenthesis, "to close \"(\"")
            return inner
        case .symbol(.openBracket):
            try advance()
            return try node(.list(try elements(until: .closeBracket)), at: place)
        case .symbol(.openBrace): return try mapLiteral()
        case .symbol(.dot):
            // A leading dot asks for the outermost scope, which is the only one that names have.
            try advance()
            guard case .identifier(let name) = token.kind else {
                throw CELSyntaxError(token.place, "\(token.name) follows \".\"", expected: "a name")
            }
            return try named(name)
        case .symbol, .quotedIdentifier, .end:
            throw CELSyntaxError(place, "\(token.name) stands where a value begins", expected: "a value, a name or \"(\"")
        }
    }

    private mutating func literal(_ value: CELValue) throws(CELSyntaxError) -> CELNode {
        let place = token.place
        try advance()
        return try node(.literal(value), at: place)
    }

    private mutating func named(_ name: String) throws(CELSyntaxError) -> CELNode {
        let place = token.place
        guard !CELToken.keywords.contains(name), !CELToken.reservedWords.contains(name) else {
            throw CELSyntaxError(place, "\"\(name)\" is a reserved word", expected: "a value or a name")
        }
        try advance()
        if isSymbol(.openParenthesis) { return try globalCall(name, at: place) }
        if let slot = scope.lastIndex(of: name) { return try node(.slot(slot), at: place) }
        if let type = CELType(rawValue: name) { return try node(.literal(.type(type)), at: place) }
        if name == "google" { return try wellKnownType(at: place) }
        let near = nearestName(to: name, among: scope).map { "; did you mean \($0)?" } ?? ""
        throw CELSyntaxError(
            place, "there is no variable \"\(name.prefix(40))\"\(near)",
            expected: scope.isEmpty ? nil : "one of \(scope.joined(separator: ", "))")
    }

    /// `google.protobuf.Timestamp` and `google.protobuf.Duration`, the types with dots in their names.
    private mutating func wellKnownType(at place: CELPlace) throws(CELSyntaxError) -> CELNode {
        var name = "google"
        while isSymbol(.dot), CELType(rawValue: name) == nil {
            try advance()
            name += ".\(try fieldName().0)"
            try advance()
        }
        guard let type = CELType(rawValue: name) else {
            throw CELSyntaxError(
                place, "there is no type \"\(name.prefix(80))\"", expected: "google.protobuf.Timestamp or google.protobuf.Duration")
        }
        return try node(.literal(.type(type)), at: place)
    }

    private mutating func globalCall(_ name: String, at place: CELPlace) throws(CELSyntaxError) -> CELNode {
        if name == "has" { return try hasMacro(at: place) }
        guard let function = CELFunction(rawValue: name), let allowed = function.globalArguments else {
            throw unknownFunction(name, place, among: CELFunction.allCases.filter { $0.globalArguments != nil })
        }
        return try call(function, try arguments(allowed, of: name, at: place), at: place)
    }

    private func call(_ function: CELFunction, _ arguments: [CELNode], at place: CELPlace) throws(CELSyntaxError) -> CELNode {
        if function == .matches, case .literal(.string(let pattern)) = arguments[1].kind {
            let expression: RegularExpression
            do throws(RegularExpression.PatternError) {
                expression = try RegularExpression(pattern)
            } catch {
                throw CELSyntaxError(arguments[1].place, "the pattern is no regular expression: \(error)")
            }
            return try node(.matches(arguments[0], expression), at: place)
        }
        return try node(.call(function, arguments), at: place)
    }

    private func unknownFunction(_ name: String, _ place: CELPlace, among known: [CELFunction]) -> CELSyntaxError {
        let near = nearestName(to: name, among: known.map(\.rawValue)).map { "; did you mean \($0)?" } ?? ""
        let isOther = CELFunction(rawValue: name) != nil
        return CELSyntaxError(
            place, isOther ? "\(name) cannot be called in this form" : "there is no function \"\(name.prefix(40))\"\(near)")
    }

    private mutating func arguments(
        _ allowed: ClosedRange<Int>, of name: String, at place: CELPlace
    ) throws(CELSyntaxError) -> [CELNode] {
        try expect(.openParenthesis, "after \(name)")
        let arguments = try elements(until: .closeParenthesis, allowsTrailingComma: false)
        guard allowed.contains(arguments.count) else {
            let wanted = allowed.count == 1 ? "\(allowed.lowerBound)" : "\(allowed.lowerBound) or \(allowed.upperBound)"
            throw CELSyntaxError(place, "\(name) has \(arguments.count) arguments", expected: wanted)
        }
        return arguments
    }

    private mutating func elements(
        until end: CELToken.Symbol, allowsTrailingComma: Bool = true
    ) throws(CELSyntaxError) -> [CELNode] {
        var elements: [CELNode] = []
        while !isSymbol(end) {
            elements.append(try expression())
            guard isSymbol(.comma) else { break }
            try advance()
            if !allowsTrailingComma, isSymbol(end) {
                throw CELSyntaxError(token.place, "nothing follows \",\"", expected: "a value")
            }
        }
        try expect(end, "or \",\"")
        return elements
    }

    private mutating func mapLiteral() throws(CELSyntaxError) -> CELNode {
        let place = token.place
        try advance()
        var entries: [(key: CELNode, value: CELNode)] = []
        while !isSymbol(.closeBrace) {
            let key = try expression()
            try expect(.colon, "after a key")
            entries.append((key, try expression()))
            guard isSymbol(.comma) else { break }
            try advance()
        }
        try expect(.closeBrace, "or \",\"")
        return try node(.map(entries), at: place)
    }

    // MARK: - Tokens and nodes

    func isSymbol(_ symbol: CELToken.Symbol) -> Bool { token.kind == .symbol(symbol) }

    mutating func advance() throws(CELSyntaxError) { token = try lexer.next() }

    mutating func expect(_ symbol: CELToken.Symbol, _ reason: String) throws(CELSyntaxError) {
        guard isSymbol(symbol) else {
            throw CELSyntaxError(token.place, "found \(token.name)", expected: "\"\(symbol.rawValue)\" \(reason)")
        }
        try advance()
    }

    mutating func withVariable<Value>(
        _ name: String, _ body: (inout CELParser, Int) throws(CELSyntaxError) -> Value
    ) throws(CELSyntaxError) -> Value {
        scope.append(name)
        slotCount = max(slotCount, scope.count)
        defer { scope.removeLast() }
        return try body(&self, scope.count - 1)
    }

    private mutating func enter() throws(CELSyntaxError) {
        nesting += 1
        guard nesting <= limits.nesting else { throw tooDeep(token.place) }
    }

    private func tooDeep(_ place: CELPlace) -> CELSyntaxError {
        CELSyntaxError(place, "the expression is nested deeper than \(limits.nesting) levels")
    }

    /// Trees are walked by recursion, so their depth is bounded like that of the source.
    func node(_ kind: CELNode.Kind, at place: CELPlace) throws(CELSyntaxError) -> CELNode {
        let depth = 1 + kind.depth
        guard depth <= limits.nesting * 2 else { throw tooDeep(place) }
        return CELNode(kind, at: place, depth: depth)
    }
}

extension CELNode.Kind {
    /// Of the deepest child.
    fileprivate var depth: Int {
        switch self {
        case .literal, .slot: 0
        case .select(let node, _), .has(let node, _), .not(let node), .negate(let node), .matches(let node, _): node.depth
        case .index(let a, let b), .binary(_, let a, let b): max(a.depth, b.depth)
        case .conditional(let a, let b, let c): max(a.depth, b.depth, c.depth)
        case .and(let nodes), .or(let nodes), .list(let nodes), .call(_, let nodes): nodes.reduce(0) { max($0, $1.depth) }
        case .map(let entries): entries.reduce(0) { max($0, $1.key.depth, $1.value.depth) }
        case .comprehension(let macro): max(macro.range.depth, macro.predicate?.depth ?? 0, macro.transform?.depth ?? 0)
        }
    }
}
