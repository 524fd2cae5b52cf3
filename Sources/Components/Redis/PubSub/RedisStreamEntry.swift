import MechaCore
import NIOCore

/// A message of a stream, in the layout of Dapr's component: field `data` with the body and, where the
/// publisher gave any, field `metadata` with its metadata as a JSON object of texts.
struct RedisStreamEntry: Sendable, Equatable {
    var id: RedisStreamID
    var data: ByteBuffer
    var metadata: [String: String]
    /// How often it was handed to some consumer, this time included.
    var attempt: Int

    /// Writes the fields of a message, `*` for its id before them.
    static func encode(_ message: OutgoingMessage, _ writer: inout RESPWriter) {
        writer.append(encoded: "$1\r\n*\r\n$4\r\ndata\r\n")
        writer.write(message.data)
        guard !message.metadata.isEmpty else { return }
        writer.append(encoded: "$8\r\nmetadata\r\n")
        writer.write(encode(message.metadata))
    }

    /// How many parts of a command ``encode(_:_:)-(OutgoingMessage,_)`` writes.
    static func partCount(_ message: OutgoingMessage) -> Int { message.metadata.isEmpty ? 3 : 5 }

    private static func encode(_ metadata: [String: String]) -> ByteBuffer {
        JSON.object(metadata.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }).buffer
    }

    /// Reads `[id, [field, value, ...]]`. Nil for an entry that is gone from the stream: a null, or null fields.
    init?(_ value: RESPValue, attempt: Int) throws(RESPError) {
        guard let parts = value.elements else {
            if value == .null { return nil }
            throw RESPError(.unexpectedType)
        }
        guard parts.count == 2, case .string(let idBytes) = parts[0], let id = RedisStreamID(idBytes) else {
            throw RESPError(.unexpectedType)
        }
        if parts[1] == .null { return nil }
        guard let fields = parts[1].elements, fields.count % 2 == 0 else { throw RESPError(.unexpectedType) }
        self.id = id
        self.attempt = attempt
        data = ByteBuffer()
        metadata = [:]
        for index in stride(from: 0, to: fields.count, by: 2) {
            guard case .string(let value) = fields[index + 1] else { continue }
            switch fields[index] {
            case .string(Self.dataField): data = value
            case .string(Self.metadataField): metadata = Self.decode(value)
            default: break
            }
        }
    }

    private static let dataField = ByteBuffer(string: "data")
    private static let metadataField = ByteBuffer(string: "metadata")

    /// Other writers may put anything there; what is no object of texts is no metadata.
    private static func decode(_ bytes: ByteBuffer) -> [String: String] {
        guard case .object(let members)? = try? JSON.parse(bytes) else { return [:] }
        var metadata: [String: String] = [:]
        for member in members {
            if let text = member.value.stringValue { metadata[member.name] = text }
        }
        return metadata
    }

    func message(topic: String) -> IncomingMessage {
        IncomingMessage(topic: topic, data: data, metadata: metadata, attempt: attempt)
    }
}
