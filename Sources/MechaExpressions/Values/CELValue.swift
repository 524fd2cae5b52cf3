import MechaCore

/// A value of the Common Expression Language.
package enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list(CELList)
    case map(CELMap)
    /// Years 1 to 9999.
    case timestamp(Timestamp)
    /// At most ``CELTime/maximumDuration`` either way.
    case duration(Duration)
    case type(CELType)

    package static func list(_ elements: [CELValue]) -> CELValue { .list(CELList(elements)) }

    package var type: CELType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .list: .list
        case .map: .map
        case .timestamp: .timestamp
        case .duration: .duration
        case .type: .type
        }
    }

    package var boolValue: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    package var intValue: Int64? { if case .int(let number) = self { number } else { nil } }
    package var stringValue: String? { if case .string(let text) = self { text } else { nil } }
}

extension CELValue {
    /// A JSON document as a value. Takes the same time whatever its size: lists and objects are converted
    /// element by element when an expression reads them. Numbers are doubles, as CEL has it for JSON.
    package init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .number(let text): self = .double(Double(text) ?? .nan)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .list(CELList(json: elements))
        case .object(let members): self = .map(CELMap(json: members))
        }
    }
}
