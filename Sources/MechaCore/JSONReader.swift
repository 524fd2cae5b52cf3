import NIOCore

/// Reads JSON piece by piece without building a tree, so that a caller can cut a value out of a
/// document as the bytes that it came in.
public struct JSONReader: ~Copyable {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var depth = 0

    /// Nesting beyond this is refused, so that no document can exhaust the stack.
    public static let maximumDepth = 256

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Runs `body` over the readable bytes of `buffer`; offsets count from its reader index.
    public static func read<Value>(
        _ buffer: ByteBuffer, _ body: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        let outcome = buffer.withUnsafeReadableBytes { raw -> Result<Value, JSONError> in
            var reader = JSONReader(raw.bindMemory(to: UInt8.self))
            do throws(JSONError) { return .success(try body(&reader)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    /// The kind of the next value by its first byte.
    public enum Kind: Sendable { case object, array, string, number, bool, null }

    public mutating func peekKind() throws(JSONError) -> Kind {
        skipWhitespace()
        guard position < bytes.count else { throw problem("expected a value, found the end") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), 0x30...0x39: return .number
        default: throw problem("expected a value")
        }
    }

    /// Calls `member` with each name; it must consume exactly the member's value.
    public mutating func readObject(
        _ member: (inout JSONReader, String) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open("{")
        if take("}") { return close() }
        repeat {
            skipWhitespace()
            let name = try readString()
            guard take(":") else { throw problem("expected ':' after a member name") }
            try member(&self, name)
        } while take(",")
        guard take("}") else { throw problem("expected ',' or '}'") }
        close()
    }

    /// Calls `element` before each element; it must consume exactly that element.
    public mutating func readArray(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try open("[")
        if take("]") { return close() }
        repeat { try element(&self) } while take(",")
        guard take("]") else { throw problem("expected ',' or ']'") }
        close()
    }

    public mutating func readValue() throws(JSONError) -> JSON {
        switch try peekKind() {
        case .object:
            var members: [JSON.Member] = []
            try readObject { reader, name throws(JSONError) in members.append(.init(name, try reader.readValue())) }
            return .object(members)
        case .array:
            var elements: [JSON] = []
            try readArray { reader throws(JSONError) in elements.append(try reader.readValue()) }
            return .array(elements)
        case .string: return .string(try readString())
        case .number: return .number(String(decoding: bytes[try scanNumber()], as: UTF8.self))
        case .bool:
            if word("true") { return .bool(true) }
            if word("false") { return .bool(false) }
            throw problem("expected true or false")
        case .null:
            guard word("null") else { throw problem("expected null") }
            return .null
        }
    }

    /// Passes over one value and answers where its bytes stand, counted from the buffer's reader index.
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        let kind = try peekKind()
        let start = position
        switch kind {
        case .object:
            try open("{")
            if take("}") {
                close()
                break
            }
            repeat {
                skipWhitespace()
                _ = try scanString()
                guard take(":") else { throw problem("expected ':' after a member name") }
                _ = try skipValue()
            } while take(",")
            guard take("}") else { throw problem("expected ',' or '}'") }
            close()
        case .array: try readArray { reader throws(JSONError) in _ = try reader.skipValue() }
        case .string: _ = try scanString()
        case .number: _ = try scanNumber()
        case .bool, .null: _ = try readValue()
        }
        return start..<position
    }

    /// Where a member of an object stands; offsets count from the buffer's reader index.
    package struct MemberPlace: Sendable {
        /// Without its quotes.
        package let name: Range<Int>
        package let nameHasEscapes: Bool
        package let value: Range<Int>
    }

    /// Passes over an object and tells where its members stand, without looking into their values.
    package mutating func readPlaces() throws(JSONError) -> [MemberPlace] {
        var places: [MemberPlace] = []
        try open("{")
        if take("}") {
            close()
            return places
        }
        places.reserveCapacity(16)
        repeat {
            skipWhitespace()
            let (name, hasEscapes) = try scanString()
            guard take(":") else { throw problem("expected ':' after a member name") }
            places.append(MemberPlace(name: name, nameHasEscapes: hasEscapes, value: try skipValue()))
        } while take(",")
        guard take("}") else { throw problem("expected ',' or '}'") }
        close()
        return places
    }

    /// Goes to an offset, which must be the begin of a value.
    package mutating func seek(to offset: Int) { position = min(max(0, offset), bytes.count) }

    /// The text of a name.
    package func name(at place: MemberPlace) throws(JSONError) -> String {
        place.nameHasEscapes ? try unescape(place.name) : String(decoding: bytes[place.name], as: UTF8.self)
    }

    /// Whether a name without escapes is `text`.
    package func isName(_ place: MemberPlace, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        place.name.count == text.count && bytes[place.name].elementsEqual(text)
    }

    public mutating func readString() throws(JSONError) -> String {
        skipWhitespace()
        let (range, hasEscapes) = try scanString()
        if !hasEscapes {
            guard let text = String(validating: bytes[range], as: UTF8.self) else {
                throw JSONError(offset: range.lowerBound, problem: "the string is not valid UTF-8")
            }
            return text
        }
        return try unescape(range)
    }

    /// Where reading goes on, counted from the buffer's reader index.
    public var offset: Int { position }

    public mutating func expectEnd() throws(JSONError) {
        skipWhitespace()
        guard position == bytes.count else { throw problem("expected the end of the document") }
    }

    // MARK: - Bytes

    private func problem(_ text: String) -> JSONError { JSONError(offset: position, problem: text) }

    private mutating func open(_ bracket: Unicode.Scalar) throws(JSONError) {
        guard take(bracket) else { throw problem("expected '\(bracket)'") }
        depth += 1
        guard depth <= Self.maximumDepth else { throw problem("nested deeper than \(Self.maximumDepth) levels") }
    }

    private mutating func close() { depth -= 1 }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipWhitespace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func word(_ text: StaticString) -> Bool {
        let end = position + text.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        for index in 0..<text.utf8CodeUnitCount where bytes[position + index] != text.utf8Start[index] { return false }
        position = end
        return true
    }

    private mutating func scanNumber() throws(JSONError) -> Range<Int> {
        let start = position
        if at("-") { position += 1 }
        if at("0") { position += 1 } else { try digits() }
        if at(".") {
            position += 1
            try digits()
        }
        if at("e") || at("E") {
            position += 1
            if at("+") || at("-") { position += 1 }
            try digits()
        }
        return start..<position
    }

    private func at(_ character: Unicode.Scalar) -> Bool {
        position < bytes.count && bytes[position] == UInt8(ascii: character)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        guard position > start else { throw problem("expected a digit") }
    }

    /// Passes over a string; the range excludes the quotes.
    private mutating func scanString() throws(JSONError) -> (Range<Int>, hasEscapes: Bool) {
        guard at("\"") else { throw problem("expected a string") }
        position += 1
        let start = position
        var hasEscapes = false
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return (start..<position - 1, hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                position += 1
                try skipEscape()
            case 0..<0x20: throw problem("a control character stands in a string")
            default: position += 1
            }
        }
        position = bytes.count
        throw problem("the string does not end")
    }

    /// Passes over what follows a backslash.
    private mutating func skipEscape() throws(JSONError) {
        guard position < bytes.count else { throw problem("the string does not end") }
        switch bytes[position] {
        case UInt8(ascii: "u"):
            _ = try hexadecimal(position + 1, position..<bytes.count)
            position += 5
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        default: throw problem("unknown escape")
        }
    }

    private func unescape(_ range: Range<Int>) throws(JSONError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                text.append(bytes[index])
                index += 1
                continue
            }
            let escape = bytes[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            case UInt8(ascii: "b"): text.append(8)
            case UInt8(ascii: "f"): text.append(12)
            case UInt8(ascii: "n"): text.append(10)
            case UInt8(ascii: "r"): text.append(13)
            case UInt8(ascii: "t"): text.append(9)
            case UInt8(ascii: "u"):
                var unit = try hexadecimal(index, range)
                index += 4
                if (0xd800..<0xdc00).contains(unit), index + 6 <= range.upperBound,
                    bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
                {
                    let low = try hexadecimal(index + 2, range)
                    if (0xdc00..<0xe000).contains(low) {
                        unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
                        index += 6
                    }
                }
                // A lone surrogate has no UTF-8 form; the replacement character stands for it.
                text.append(contentsOf: String(Unicode.Scalar(unit) ?? "\u{fffd}").utf8)
            default: throw JSONError(offset: index - 1, problem: "unknown escape")
            }
        }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw JSONError(offset: range.lowerBound, problem: "the string is not valid UTF-8")
        }
        return string
    }

    private func hexadecimal(_ start: Int, _ range: Range<Int>) throws(JSONError) -> UInt32 {
        guard start + 4 <= range.upperBound else { throw JSONError(offset: start, problem: "expected four hexadecimal digits") }
        var value: UInt32 = 0
        for byte in bytes[start..<start + 4] {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt32(byte - 0x37)
            case 0x61...0x66: value = value << 4 | UInt32(byte - 0x57)
            default: throw JSONError(offset: start, problem: "expected four hexadecimal digits")
            }
        }
        return value
    }
}
