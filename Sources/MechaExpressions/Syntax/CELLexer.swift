/// Cuts the source of an expression into tokens. String and bytes literals are in `CELLexer+Strings.swift`.
struct CELLexer {
    let scalars: [Unicode.Scalar]
    var position = 0
    private var line: Int32 = 1
    private var lineStart = 0

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    var place: CELPlace { CELPlace(line: line, column: Int32(clamping: position - lineStart + 1)) }

    func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    mutating func next() throws(CELSyntaxError) -> CELToken {
        skipSpace()
        let place = place
        guard let scalar = peek() else { return CELToken(kind: .end, place: place) }
        if let prefix = stringPrefix() { return CELToken(kind: try string(prefix, at: place), place: place) }
        if Self.isNameStart(scalar) { return CELToken(kind: .identifier(name()), place: place) }
        if Self.isDigit(scalar) || scalar == ".", Self.isDigit(scalar) || peek(1).map(Self.isDigit) == true {
            return CELToken(kind: try number(at: place), place: place)
        }
        if scalar == "`" { return CELToken(kind: try quotedName(at: place), place: place) }
        return CELToken(kind: .symbol(try symbol(at: place)), place: place)
    }

    /// Notes a line break in a literal, so that later places are right.
    mutating func noteLineBreak(endingAt end: Int) {
        line += 1
        lineStart = end
    }

    private mutating func skipSpace() {
        while let scalar = peek() {
            switch scalar {
            case " ", "\t", "\r", "\u{c}": position += 1
            case "\n":
                position += 1
                noteLineBreak(endingAt: position)
            case "/" where peek(1) == "/":
                while let scalar = peek(), scalar != "\n" { position += 1 }
            default: return
            }
        }
    }

    private mutating func symbol(at place: CELPlace) throws(CELSyntaxError) -> CELToken.Symbol {
        let first = String(Character(scalars[position]))
        if let second = peek(1), let symbol = CELToken.Symbol(rawValue: first + String(Character(second))) {
            position += 2
            return symbol
        }
        if let symbol = CELToken.Symbol(rawValue: first) {
            position += 1
            return symbol
        }
        let hint: String? =
            switch first {
            case "=": "\"==\""
            case "&": "\"&&\""
            case "|": "\"||\""
            default: nil
            }
        throw CELSyntaxError(
            place,
            "\"\(first.unicodeScalars.allSatisfy { $0.value >= 0x20 } ? first : "control character")\" belongs to no expression",
            expected: hint)
    }

    // MARK: - Names

    private mutating func name() -> String {
        let start = position
        while let scalar = peek(), Self.isNameStart(scalar) || Self.isDigit(scalar) { position += 1 }
        return text(start..<position)
    }

    private mutating func quotedName(at place: CELPlace) throws(CELSyntaxError) -> CELToken.Kind {
        position += 1
        let start = position
        while let scalar = peek(), scalar != "`" {
            guard Self.isNameStart(scalar) || Self.isDigit(scalar) || ["-", ".", "/", " "].contains(scalar) else {
                throw CELSyntaxError(
                    self.place, "a quoted name has a character that cannot stand there",
                    expected: "letters, digits, _ - . / or a blank")
            }
            position += 1
        }
        guard peek() == "`", position > start else {
            throw CELSyntaxError(place, "the quoted name is empty or does not end", expected: "\"`\"")
        }
        position += 1
        return .quotedIdentifier(text(start..<position - 1))
    }

    // MARK: - Numbers

    private mutating func number(at place: CELPlace) throws(CELSyntaxError) -> CELToken.Kind {
        if peek() == "0", peek(1) == "x" || peek(1) == "X" {
            position += 2
            let start = position
            while let scalar = peek(), scalar.properties.isASCIIHexDigit { position += 1 }
            return try whole(text(start..<position), radix: 16, at: place)
        }
        let start = position
        skipDigits()
        var isDouble = false
        if peek() == ".", peek(1).map(Self.isDigit) == true {
            isDouble = true
            position += 1
            skipDigits()
        }
        if peek() == "e" || peek() == "E" {
            let sign = peek(1) == "+" || peek(1) == "-" ? 1 : 0
            guard peek(1 + sign).map(Self.isDigit) == true else {
                throw CELSyntaxError(place, "the number has no exponent after its \"e\"", expected: "a digit")
            }
            isDouble = true
            position += 1 + sign
            skipDigits()
        }
        guard isDouble else { return try whole(text(start..<position), radix: 10, at: place) }
        guard let number = Double(text(start..<position)), number.isFinite else {
            throw CELSyntaxError(place, "the number is too large for a double")
        }
        try expectNoName()
        return .double(number)
    }

    private mutating func whole(_ digits: String, radix: Int, at place: CELPlace) throws(CELSyntaxError) -> CELToken.Kind {
        guard !digits.isEmpty else { throw CELSyntaxError(place, "the number has no digits", expected: "a hexadecimal digit") }
        let isUnsigned = peek() == "u" || peek() == "U"
        guard let number = UInt64(digits, radix: radix), isUnsigned || number <= 1 << 63 else {
            throw CELSyntaxError(place, "the number is too large for \(isUnsigned ? "a uint" : "an int") of 64 bits")
        }
        if isUnsigned { position += 1 }
        try expectNoName()
        return isUnsigned ? .uint(number) : .int(number)
    }

    /// A letter right after a number is a slip (`10s`), not a new word.
    private func expectNoName() throws(CELSyntaxError) {
        guard let scalar = peek(), Self.isNameStart(scalar) else { return }
        throw CELSyntaxError(place, "a letter follows a number", expected: "an operator or a blank")
    }

    private mutating func skipDigits() { while let scalar = peek(), Self.isDigit(scalar) { position += 1 } }

    // MARK: - Characters

    func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return String(text)
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }

    static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        scalar >= "a" && scalar <= "z" || scalar >= "A" && scalar <= "Z" || scalar == "_"
    }
}
