import NIOCore

/// A JSON document (RFC 8259). Numbers keep their text, so no precision is lost on the way through;
/// objects keep the order of their members, and of members with one name the last wins on look-up.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: JSON
        public init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// Reads exactly one document; white space around it is allowed, anything else is an error.
    public static func parse(_ buffer: ByteBuffer) throws(JSONError) -> JSON {
        try JSONReader.read(buffer) { reader throws(JSONError) in
            let value = try reader.readValue()
            try reader.expectEnd()
            return value
        }
    }

    public static func parse(_ text: String) throws(JSONError) -> JSON { try parse(ByteBuffer(string: text)) }

    /// Whether the bytes are one document, in UTF-8; builds nothing where they are ASCII.
    public static func isValid(_ buffer: ByteBuffer) -> Bool {
        // The reader looks into strings only when it reads them.
        guard buffer.isUTF8 else { return false }
        do throws(JSONError) {
            try JSONReader.read(buffer) { reader throws(JSONError) in
                _ = try reader.skipValue()
                try reader.expectEnd()
            }
            return true
        } catch {
            return false
        }
    }

    public static func integer(_ value: some BinaryInteger) -> JSON { .number(String(value)) }

    /// The member of that name, when this is an object that has it.
    public subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var boolValue: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    public var arrayValue: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var objectValue: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// A whole number that fits; `1.0` and `1e3` are not taken.
    public var intValue: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }

    public var doubleValue: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    /// What this is, for messages: "a string", "an object", ...
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .number(String(value)) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0.0, $0.1) }) }
    public init(nilLiteral: ()) { self = .null }
}

/// Why and where a text is not JSON.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Bytes before the place of the problem.
    public var offset: Int
    public var problem: String

    public init(offset: Int, problem: String) {
        self.offset = offset
        self.problem = problem
    }

    public var description: String { "invalid JSON at byte \(offset): \(problem)" }
}
