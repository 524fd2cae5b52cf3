import NIOCore

/// A CloudEvents 1.0 event in its structured JSON form: the text as it travels, and its members.
public struct CloudEvent: Sendable {
    public static let contentType = "application/cloudevents+json"
    /// `type` of an event that was not given one.
    public static let defaultType = "com.dapr.event.sent"
    /// `source` of an event whose sender is not known.
    public static let defaultSource = "Dapr"

    /// The JSON text.
    public let text: ByteBuffer
    private let members: [JSON.Member]

    /// Reads an event. Only that it is a JSON object is asked for: brokers carry events of many senders.
    public init(_ text: ByteBuffer) throws {
        guard case .object(let members) = try JSON.parse(text) else {
            throw CapabilityError(.invalidArgument, "a cloud event must be a JSON object")
        }
        self.text = text
        self.members = members
    }

    public init(_ members: [JSON.Member]) {
        self.members = members
        text = JSON.object(members).buffer
    }

    /// The member called `name`.
    public subscript(name: String) -> JSON? { members.last { $0.name == name }?.value }

    /// All members as a document, for expressions over `event`.
    public var json: JSON { .object(members) }

    /// A text attribute; empty when it is absent.
    public func attribute(_ name: String) -> String { self[name]?.stringValue ?? "" }

    public var id: String { attribute("id") }
    public var source: String { attribute("source") }
    public var type: String { attribute("type") }
    public var specVersion: String { attribute("specversion") }
    public var dataContentType: String { attribute("datacontenttype") }

    /// What the sender sent: decoded from Base64, the text of a string unless the content is JSON, or JSON text.
    public var data: ByteBuffer {
        if let encoded = self["data_base64"]?.stringValue {
            return Base64.decode(encoded).map { ByteBuffer(bytes: $0) } ?? ByteBuffer(string: encoded)
        }
        guard let data = self["data"] else { return ByteBuffer() }
        if case .string(let text) = data, !MediaType.isJSON(dataContentType) { return ByteBuffer(string: text) }
        return data.buffer
    }

    /// Members that are not attributes of the specification: the tracing ones, topic, and what senders add.
    public var extensions: [JSON.Member] {
        members.filter { !Self.specified.contains($0.name) }
    }

    private static let specified: Set<String> = ["id", "source", "type", "specversion", "datacontenttype", "data", "data_base64"]

    /// When it need not be delivered any more (`expiration`); nil for never, or when it is no time.
    public var expiration: Timestamp? { self["expiration"]?.stringValue.flatMap { Timestamp(rfc3339: $0) } }
}
