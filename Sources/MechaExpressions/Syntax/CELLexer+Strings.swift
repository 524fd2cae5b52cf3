extension CELLexer {
    /// How a string or bytes literal begins.
    struct StringPrefix {
        var length: Int
        var isRaw: Bool
        var isBytes: Bool
    }

    /// The letters before a quote: `r`, `b`, `br` in either case. Nil when no literal begins here.
    func stringPrefix() -> StringPrefix? {
        var prefix = StringPrefix(length: 0, isRaw: false, isBytes: false)
        if peek() == "b" || peek() == "B" {
            prefix.isBytes = true
            prefix.length = 1
        }
        if peek(prefix.length) == "r" || peek(prefix.length) == "R" {
            prefix.isRaw = true
            prefix.length += 1
        }
        let quote = peek(prefix.length)
        return quote == "\"" || quote == "'" ? prefix : nil
    }

    mutating func string(_ prefix: StringPrefix, at place: CELPlace) throws(CELSyntaxError) -> CELToken.Kind {
        position += prefix.length
        let quote = scalars[position]
        let isTriple = peek(1) == quote && peek(2) == quote
        position += isTriple ? 3 : 1
        var bytes: [UInt8] = []
        while let scalar = peek() {
            if scalar == quote, !isTriple || peek(1) == quote && peek(2) == quote {
                position += isTriple ? 3 : 1
                // Escapes of strings name characters, so the bytes are UTF-8.
                return prefix.isBytes ? .bytes(bytes) : .string(String(decoding: bytes, as: UTF8.self))
            }
            if scalar == "\\", !prefix.isRaw {
                try escape(into: &bytes, isBytes: prefix.isBytes)
                continue
            }
            position += 1
            if scalar == "\n" || scalar == "\r" {
                guard isTriple else { break }
                if scalar == "\n" { noteLineBreak(endingAt: position) }
            }
            bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        }
        throw CELSyntaxError(
            place, "the string does not end", expected: String(repeating: Character(quote), count: isTriple ? 3 : 1))
    }

    private mutating func escape(into bytes: inout [UInt8], isBytes: Bool) throws(CELSyntaxError) {
        let place = place
        guard let letter = peek(1) else { throw CELSyntaxError(place, "the string does not end") }
        position += 2
        let value: UInt32
        switch letter {
        case "a": value = 7
        case "b": value = 8
        case "f": value = 12
        case "n": value = 10
        case "r": value = 13
        case "t": value = 9
        case "v": value = 11
        case "\\", "?", "\"", "'", "`": value = letter.value
        case "x", "X": value = try digits(2, radix: 16, place)
        case "u" where !isBytes: value = try digits(4, radix: 16, place)
        case "U" where !isBytes: value = try digits(8, radix: 16, place)
        case "0", "1", "2", "3":
            position -= 1
            value = try digits(3, radix: 8, place)
        default:
            throw CELSyntaxError(
                place, "unknown escape",
                expected: "one of \\a \\b \\f \\n \\r \\t \\v \\\\ \\? \\\" \\' \\` \\xHH \\ooo"
                    + (isBytes ? "" : " \\uHHHH \\UHHHHHHHH"))
        }
        if isBytes {
            bytes.append(UInt8(truncatingIfNeeded: value))
        } else {
            guard let scalar = Unicode.Scalar(value) else {
                throw CELSyntaxError(
                    place, "the escape names no character", expected: "a code point below 110000 that is no surrogate")
            }
            bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        }
    }

    private mutating func digits(_ count: Int, radix: Int, _ place: CELPlace) throws(CELSyntaxError) -> UInt32 {
        let end = position + count
        guard end <= scalars.count, let value = UInt32(text(position..<end), radix: radix), scalars[position] != "+",
            scalars[position] != "-"
        else {
            throw CELSyntaxError(
                place, "the escape is too short", expected: "\(count) \(radix == 8 ? "octal" : "hexadecimal") digits")
        }
        position = end
        return value
    }
}
