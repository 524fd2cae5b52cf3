/// Bytes that are not the protocol.
struct MQTTError: Error, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        case badRemainingLength = "a remaining length of more than four bytes"
        case badType = "an unknown packet type"
        case badFlags = "flags that the packet type does not have"
        case truncated = "a packet that is shorter than its fields"
        case trailing = "a packet that is longer than its fields"
        case badText = "a string that is not UTF-8 or has a null character"
        case badQoS = "a QoS of 3"
        case badPacketID = "a packet id of zero"
        case badTopic = "an empty topic or one with wildcards"
        case badProperty = "a property that is unknown, out of place or given twice"
        case badVariableInteger = "a variable byte integer of more than four bytes"
        case badProtocol = "an unknown protocol name or version"
        case emptyList = "a list of topic filters without entries"
        case badReason = "a reason code that the packet type does not have"
        case unexpected = "a packet that is out of place"
    }

    var kind: Kind
    init(_ kind: Kind) { self.kind = kind }
    var description: String { kind.rawValue }
}
