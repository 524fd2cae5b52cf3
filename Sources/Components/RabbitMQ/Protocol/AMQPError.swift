/// Bytes that are not the protocol.
struct AMQPError: Error, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        case truncated = "a frame that is shorter than its fields"
        case trailing = "a frame that is longer than its fields"
        case badFrameType = "an unknown frame type"
        case badFrameEnd = "a frame without its end mark"
        case oversizedFrame = "a frame beyond the agreed size"
        case badText = "a string that is not UTF-8"
        case badValue = "a table value of an unknown type"
        case tooDeep = "tables within tables beyond the limit"
        case unknownMethod = "an unknown method"
        case unexpected = "a frame that is out of place"
        case badVersion = "a server that speaks another protocol version"
    }

    var kind: Kind
    init(_ kind: Kind) { self.kind = kind }
    var description: String { kind.rawValue }
}
