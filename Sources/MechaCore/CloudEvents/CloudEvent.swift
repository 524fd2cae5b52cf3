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
    private let members: Members

    /// An event that came as text is not taken apart: few of its members are ever asked for.
    private enum Members: Sendable {
        case read([JSON.Member])
        case standing([JSONReader.MemberPlace])
    }

    /// Reads an event. Only that it is a JSON object is asked for: brokers carry events of many senders.
    public init(_ text: ByteBuffer) throws {
        // What is no UTF-8 is read whole, which finds the place.
        guard text.isUTF8 else {
            _ = try JSON.parse(text)
            throw CapabilityError(.invalidArgument, "a cloud event must be UTF-8")
        }
        let places = try JSONReader.read(text) { reader throws(JSONError) -> [JSONReader.MemberPlace]? in
            guard try reader.peekKind() == .object else {
                _ = try reader.skipValue()
                try reader.expectEnd()
                return nil
            }
            let places = try reader.readPlaces()
            try reader.expectEnd()
            return places
        }
        guard let places else { throw CapabilityError(.invalidArgument, "a cloud event must be a JSON object") }
        self.text = text
        members = .standing(places)
    }

    public init(_ members: [JSON.Member]) {
        self.members = .read(members)
        text = JSON.object(members).buffer
    }

    /// The member called `name`.
    public subscript(name: String) -> JSON? {
        switch members {
        case .read(let members): return members.last { $0.name == name }?.value
        case .standing(let places):
            var name = name
            return name.withUTF8 { name in
                try? JSONReader.read(text) { reader throws(JSONError) -> JSON? in
                    for place in places.reversed() {
                        guard place.nameHasEscapes ? try reader.name(at: place).utf8.elementsEqual(name) : reader.isName(place, name)
                        else { continue }
                        reader.seek(to: place.value.lowerBound)
                        return try reader.readValue()
                    }
                    return nil
                }
            }
        }
    }

    /// All members as a document, for expressions over `event`.
    public var json: JSON {
        switch members {
        case .read(let members): .object(members)
        // It was read before.
        case .standing: (try? JSON.parse(text)) ?? .object([])
        }
    }

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
        (json.objectValue ?? []).filter { !Self.specified.contains($0.name) }
    }

    private static let specified: Set<String> = ["id", "source", "type", "specversion", "datacontenttype", "data", "data_base64"]

    /// When it need not be delivered any more (`expiration`); nil for never, or when it is no time.
    public var expiration: Timestamp? { self["expiration"]?.stringValue.flatMap { Timestamp(rfc3339: $0) } }
}
