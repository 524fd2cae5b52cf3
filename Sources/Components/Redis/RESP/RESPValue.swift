import NIOCore

/// A reply as a tree. Convenient where speed does not matter; hot paths use ``RESPReader`` directly.
public enum RESPValue: Sendable, Equatable {
    /// A simple, bulk or verbatim string (the format mark of the latter is dropped), or a big number.
    case string(ByteBuffer)
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case null
    /// An array, set or push message.
    case array([RESPValue])
    /// Keys and values in turn.
    case map([RESPValue])
    case error(RedisServerError)

    public var text: String? {
        if case .string(let bytes) = self { String(buffer: bytes) } else { nil }
    }

    /// A number, also in the form of a string (RESP2 has no others in places).
    public var integerValue: Int64? {
        switch self {
        case .integer(let number): number
        case .string(let bytes): Int64(String(buffer: bytes))
        default: nil
        }
    }

    /// Elements of an array; of a map, keys and values in turn, which is how RESP2 writes one.
    public var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .map(let elements): elements
        default: nil
        }
    }

    /// The value under a key, in a map of either protocol version.
    public subscript(key: String) -> RESPValue? {
        guard let elements else { return nil }
        var index = 0
        while index + 1 < elements.count {
            if elements[index].text == key { return elements[index + 1] }
            index += 2
        }
        return nil
    }
}
