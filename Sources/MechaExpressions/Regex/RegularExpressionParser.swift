/// Reads a pattern into a tree.
struct RegularExpressionParser {
    indirect enum Node {
        case empty
        case character(Unicode.Scalar)
        case set(RegularExpressionSet)
        case any
        case anyButNewline
        case assert(RegularExpression.Assertion)
        case sequence([Node])
        case alternatives([Node])
        /// `upTo` nil for no bound.
        case repeated(Node, from: Int, upTo: Int?)
    }

    /// Groups inside each other.
    static let maximumNesting = 100
    /// Repetitions asked for by number, as in RE2.
    static let maximumRepetition = 1_000

    private struct Flags {
        var ignoresCase = false
        var multiline = false
        var dotMatchesNewline = false
    }

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var flags = Flags()
    private var nesting = 0

    init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    typealias PatternError = RegularExpression.PatternError

    private func problem(_ text: String, at position: Int? = nil) -> PatternError {
        PatternError(column: (position ?? self.position) + 1, problem: text)
    }

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        position += 1
        return true
    }

    mutating func wholePattern() throws(PatternError) -> Node {
        let node = try alternatives()
        guard position == scalars.count else { throw problem("a \")\" closes nothing") }
        return node
    }

    private mutating func alternatives() throws(PatternError) -> Node {
        nesting += 1
        guard nesting <= Self.maximumNesting else { throw problem("groups are nested deeper than \(Self.maximumNesting) levels") }
        defer { nesting -= 1 }
        // Flags set inside of a group end with it.
        let outer = flags
        defer { flags = outer }
        var nodes = [try sequence()]
        while take("|") { nodes.append(try sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws(PatternError) -> Node {
        var nodes: [Node] = []
        while let scalar = peek, scalar != "|", scalar != ")" {
            if scalar == "\\", position + 1 < scalars.count, scalars[position + 1] == "Q" {
                try quoted(into: &nodes)
                continue
            }
            guard let atom = try atom() else { continue }
            nodes.append(try repetitions(of: atom))
        }
        return nodes.isEmpty ? .empty : nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    /// `\Q...\E`: the characters themselves; what repeats behind it repeats the last one.
    private mutating func quoted(into nodes: inout [Node]) throws(PatternError) {
        position += 2
        let first = nodes.count
        while let scalar = peek {
            if scalar == "\\", position + 1 < scalars.count, scalars[position + 1] == "E" {
                position += 2
                if nodes.count > first, let last = nodes.popLast() { nodes.append(try repetitions(of: last)) }
                return
            }
            nodes.append(literal(scalar))
            position += 1
        }
    }

    // MARK: - Repetition

    private mutating func repetitions(of atom: Node) throws(PatternError) -> Node {
        var node = atom
        var isRepeated = false
        while let scalar = peek {
            let start = position
            let bounds: (Int, Int?)
            switch scalar {
            case "*": bounds = (0, nil)
            case "+": bounds = (1, nil)
            case "?": bounds = (0, 1)
            case "{":
                guard let counted = countedRepetition() else { return node }
                bounds = counted
            default: return node
            }
            if scalar != "{" { position += 1 }
            guard !isRepeated else { throw problem("a repetition of a repetition", at: start) }
            guard max(bounds.0, bounds.1 ?? 0) <= Self.maximumRepetition, bounds.0 <= bounds.1 ?? .max else {
                throw problem("repeat counts are at most \(Self.maximumRepetition) and rise", at: start)
            }
            // Fewest first or most first: the same texts match.
            _ = take("?")
            isRepeated = true
            node = .repeated(node, from: bounds.0, upTo: bounds.1)
        }
        return node
    }

    /// `{2}`, `{2,}`, `{2,5}`; nil, and nothing read, when the brace stands for itself.
    private mutating func countedRepetition() -> (Int, Int?)? {
        let start = position
        position += 1
        guard let low = number() else {
            position = start
            return nil
        }
        var high: Int? = low
        if take(",") { high = peek == "}" ? nil : number() ?? -1 }
        guard take("}"), high != -1 else {
            position = start
            return nil
        }
        return (low, high)
    }

    private mutating func number() -> Int? {
        let start = position
        while let scalar = peek, CELLexer.isDigit(scalar) { position += 1 }
        guard position > start else { return nil }
        var value = 0
        for scalar in scalars[start..<position] { value = min(value * 10 + Int(scalar.value - 48), 1_000_000) }
        return value
    }

    // MARK: - Atoms

    private func literal(_ scalar: Unicode.Scalar) -> Node {
        guard flags.ignoresCase, !CaseFolding.others(of: scalar).isEmpty else { return .character(scalar) }
        return .set(RegularExpressionSet(items: [.range(scalar.value...scalar.value)], ignoresCase: true))
    }

    /// Nil for what only changes flags.
    private mutating func atom() throws(PatternError) -> Node? {
        guard let scalar = peek else { return nil }
        let start = position
        position += 1
        switch scalar {
        case ".": return flags.dotMatchesNewline ? .any : .anyButNewline
        case "^": return .assert(flags.multiline ? .lineStart : .textStart)
        case "$": return .assert(flags.multiline ? .lineEnd : .textEnd)
        case "[": return .set(try bracketed(from: start))
        case "(": return try group(from: start)
        case "*", "+", "?": throw problem("\"\(scalar)\" repeats nothing", at: start)
        case "\\": return try escaped(from: start)
        default: return literal(scalar)
        }
    }

    private mutating func group(from start: Int) throws(PatternError) -> Node? {
        var inner = flags
        if take("?") {
            if take("P") || peek == "<" {
                guard take("<") else { throw problem("expected \"<\" of a group's name") }
                let nameStart = position
                while let scalar = peek, CELLexer.isNameStart(scalar) || CELLexer.isDigit(scalar) { position += 1 }
                guard position > nameStart, take(">") else { throw problem("a group's name is letters, digits and _ up to \">\"") }
            } else {
                var isSetting = true
                var isDone = false
                while !isDone, let scalar = peek {
                    position += 1
                    switch scalar {
                    case "i": inner.ignoresCase = isSetting
                    case "m": inner.multiline = isSetting
                    case "s": inner.dotMatchesNewline = isSetting
                    case "U": break
                    case "-" where isSetting: isSetting = false
                    case ":": isDone = true
                    case ")":
                        flags = inner
                        return nil
                    default: throw problem("unknown group or flag \"\(scalar)\"", at: position - 1)
                    }
                }
                guard isDone else { throw problem("the group does not end", at: start) }
            }
        }
        let outer = flags
        flags = inner
        let node = try alternatives()
        flags = outer
        guard take(")") else { throw problem("the group does not end", at: start) }
        return node
    }

    private mutating func escaped(from start: Int) throws(PatternError) -> Node {
        guard let scalar = peek else { throw problem("nothing follows the last \"\\\"", at: start) }
        switch scalar {
        case "b", "B", "A", "z":
            position += 1
            return .assert(scalar == "b" ? .wordBoundary : scalar == "B" ? .noWordBoundary : scalar == "A" ? .textStart : .textEnd)
        default: break
        }
        if let items = try classEscape() { return .set(RegularExpressionSet(items: items, ignoresCase: flags.ignoresCase)) }
        return literal(try characterEscape(from: start))
    }

    /// `\d`, `\W`, `\pL`, `\P{Lu}`, ...: nil when the escape is of one character. Behind the backslash.
    private mutating func classEscape() throws(PatternError) -> [RegularExpressionSet.Item]? {
        guard let scalar = peek else { return nil }
        if let items = Self.perlClass(scalar) {
            position += 1
            return items
        }
        guard scalar == "p" || scalar == "P" else { return nil }
        let start = position - 1
        position += 1
        var name = ""
        if take("{") {
            while let letter = peek, letter != "}" {
                name.unicodeScalars.append(letter)
                position += 1
            }
            guard take("}") else { throw problem("the class name does not end", at: start) }
        } else if let letter = peek {
            name.unicodeScalars.append(letter)
            position += 1
        }
        var isNegated = scalar == "P"
        if name.hasPrefix("^") {
            name.removeFirst()
            isNegated.toggle()
        }
        guard UnicodeCategory.names.contains(name) else {
            throw problem("\"\(name.prefix(20))\" is no Unicode category, expected one such as L, Lu or Nd", at: start)
        }
        return [.category(name, isNegated: isNegated)]
    }

    private static func perlClass(_ scalar: Unicode.Scalar) -> [RegularExpressionSet.Item]? {
        switch scalar {
        case "d": digit
        case "s": space
        case "w": word
        case "D": [.not(RegularExpressionSet(items: digit))]
        case "S": [.not(RegularExpressionSet(items: space))]
        case "W": [.not(RegularExpressionSet(items: word))]
        default: nil
        }
    }

    private static let digit: [RegularExpressionSet.Item] = [.range(0x30...0x39)]
    private static let space: [RegularExpressionSet.Item] = [.range(0x09...0x0a), .range(0x0c...0x0d), .range(0x20...0x20)]
    private static let word: [RegularExpressionSet.Item] = [
        .range(0x30...0x39), .range(0x41...0x5a), .range(0x5f...0x5f), .range(0x61...0x7a),
    ]

    /// Behind the backslash.
    private mutating func characterEscape(from start: Int) throws(PatternError) -> Unicode.Scalar {
        guard let scalar = peek else { throw problem("nothing follows the last \"\\\"", at: start) }
        position += 1
        switch scalar {
        case "a": return "\u{7}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{b}"
        case "x":
            let isBraced = take("{")
            let digitStart = position
            while let digit = peek, digit.properties.isASCIIHexDigit, isBraced || position < digitStart + 2 { position += 1 }
            var digits = ""
            digits.unicodeScalars.append(contentsOf: scalars[digitStart..<position])
            guard let value = UInt32(digits, radix: 16), let character = Unicode.Scalar(value),
                isBraced ? take("}") : digits.count == 2
            else { throw problem("expected two hexadecimal digits, or a code point in braces", at: start) }
            return character
        case "0"..."7":
            var value = scalar.value - 48
            while let digit = peek, digit >= "0", digit <= "7", position < start + 4 {
                value = value * 8 + digit.value - 48
                position += 1
            }
            // A single digit other than zero would be a back reference, which has no linear time.
            guard scalar == "0" || position > start + 2, let character = Unicode.Scalar(value) else {
                throw problem("back references are not supported", at: start)
            }
            return character
        default:
            guard scalar.isASCII, scalar.value > 0x20, !CELLexer.isDigit(scalar), !CELLexer.isNameStart(scalar) || scalar == "_"
            else {
                throw problem("unknown escape \"\\\(scalar)\"", at: start)
            }
            return scalar
        }
    }

    // MARK: - Classes in brackets

    private mutating func bracketed(from start: Int) throws(PatternError) -> RegularExpressionSet {
        var set = RegularExpressionSet(items: [], ignoresCase: flags.ignoresCase)
        set.isNegated = take("^")
        var isFirst = true
        while let scalar = peek, scalar != "]" || isFirst {
            isFirst = false
            if scalar == "[", position + 1 < scalars.count, scalars[position + 1] == ":", let items = try posixClass() {
                set.items += items
                continue
            }
            let itemStart = position
            let low: Unicode.Scalar
            if take("\\") {
                if let items = try classEscape() {
                    set.items += items
                    continue
                }
                low = try characterEscape(from: itemStart)
            } else {
                position += 1
                low = scalar
            }
            guard peek == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                set.items.append(.range(low.value...low.value))
                continue
            }
            position += 1
            let highStart = position
            let high: Unicode.Scalar
            if take("\\") {
                high = try characterEscape(from: highStart)
            } else {
                high = scalars[position]
                position += 1
            }
            guard low <= high else { throw problem("the range runs backwards", at: itemStart) }
            set.items.append(.range(low.value...high.value))
        }
        guard take("]") else { throw problem("the class does not end", at: start) }
        return set
    }

    /// `[:alpha:]` and its like, also negated; nil when the text is none.
    private mutating func posixClass() throws(PatternError) -> [RegularExpressionSet.Item]? {
        let start = position
        var end = position + 2
        while end + 1 < scalars.count, !(scalars[end] == ":" && scalars[end + 1] == "]"), end - start < 12 { end += 1 }
        guard end + 1 < scalars.count, scalars[end] == ":", scalars[end + 1] == "]" else { return nil }
        var name = ""
        name.unicodeScalars.append(contentsOf: scalars[start + 2..<end])
        let isNegated = name.hasPrefix("^")
        if isNegated { name.removeFirst() }
        guard let ranges = Self.posixRanges[name] else { throw problem("unknown class [:\(name):]", at: start) }
        position = end + 2
        let items = ranges.map(RegularExpressionSet.Item.range)
        return isNegated ? [.not(RegularExpressionSet(items: items))] : items
    }

    private static let posixRanges: [String: [ClosedRange<UInt32>]] = [
        "alnum": [0x30...0x39, 0x41...0x5a, 0x61...0x7a], "alpha": [0x41...0x5a, 0x61...0x7a], "ascii": [0...0x7f],
        "blank": [0x09...0x09, 0x20...0x20], "cntrl": [0...0x1f, 0x7f...0x7f], "digit": [0x30...0x39], "graph": [0x21...0x7e],
        "lower": [0x61...0x7a], "print": [0x20...0x7e], "punct": [0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e],
        "space": [0x09...0x0d, 0x20...0x20], "upper": [0x41...0x5a], "word": [0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a],
        "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
    ]
}
