import MechaCore
import NIOCore

/// The headers that a message goes out with.
enum JetStreamHeaders {
    /// The publisher's metadata, and the id of a cloud event as the message's id, by which the server recognises
    /// one that is published twice. Anything else carries its media type. What no header can hold stays behind.
    static func of(_ message: OutgoingMessage) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if message.contentType.hasPrefix("application/cloudevents") {
            if let id = eventID(message.data) { headers.append(("Nats-Msg-Id", id)) }
        } else if !message.contentType.isEmpty {
            headers.append(("Content-Type", message.contentType))
        }
        for (name, value) in message.metadata where !reserved.contains(name.lowercased()) { headers.append((name, value)) }
        return headers.filter { NATSHeaders.isLegal(name: $0.name, value: $0.value) }
    }

    private static let reserved: Set = ["nats-msg-id", "content-type"]

    /// The `id` of an object that also has a `specversion`.
    static func eventID(_ data: ByteBuffer) -> String? {
        var id: String?
        var isEvent = false
        do throws(JSONError) {
            try JSONReader.read(data) { reader throws(JSONError) in
                guard try reader.peekKind() == .object else { return }
                try reader.readObject { reader, name throws(JSONError) in
                    switch name {
                    case "id" where try reader.peekKind() == .string: id = try reader.readString()
                    case "specversion":
                        isEvent = true
                        _ = try reader.skipValue()
                    default: _ = try reader.skipValue()
                    }
                }
            }
        } catch {
            return nil
        }
        return isEvent && id?.isEmpty == false ? id : nil
    }
}
