import NIOCore

/// What is known of a message beside its data when it becomes an event.
public struct CloudEventContext: Sendable {
    /// Id of the sending app; empty for unknown.
    public var appID: String
    public var pubsub: String
    public var topic: String
    /// W3C header values; nil for no trace.
    public var traceparent: String?
    public var tracestate: String?
    public var now: Timestamp
    /// Publish metadata: `cloudevent.<attribute>` overrides an attribute.
    public var metadata: [String: String]

    public init(
        appID: String, pubsub: String, topic: String, traceparent: String? = nil, tracestate: String? = nil, now: Timestamp,
        metadata: [String: String] = [:]
    ) {
        self.appID = appID
        self.pubsub = pubsub
        self.topic = topic
        self.traceparent = traceparent
        self.tracestate = tracestate
        self.now = now
        self.metadata = metadata
    }

    var source: String { appID.isEmpty ? CloudEvent.defaultSource : appID }

    /// The attributes that publish metadata sets, by name.
    fileprivate var overrides: [String: String] {
        if metadata.isEmpty { return [:] }
        var overrides: [String: String] = [:]
        for (key, value) in metadata {
            let key = key.lowercased()
            guard key.hasPrefix("cloudevent.") else { continue }
            let name = String(key.dropFirst("cloudevent.".count))
            if Self.overridable.contains(name) { overrides[name] = value }
        }
        return overrides
    }

    private static let overridable: Set<String> = ["id", "source", "type", "subject", "traceid", "traceparent", "tracestate"]
}

extension CloudEvent {
    /// The structured form of `data`, written without building a document (section 1.2 of the Dapr surface).
    ///
    /// - Parameter expiration: when the event need not be delivered any more, for brokers that cannot see to it.
    public static func wrap(
        _ data: ByteBuffer, contentType: String, _ context: CloudEventContext, expiration: Timestamp? = nil
    ) -> ByteBuffer {
        // Most publishers override nothing, and a dictionary without entries is not asked.
        let given = context.overrides
        let overrides = given.isEmpty ? nil : given
        let contentType = contentType.isEmpty ? "text/plain" : contentType
        var text = ByteBuffer()
        text.reserveCapacity(data.readableBytes + 512)
        func write(_ name: StaticString, _ value: String) {
            text.writeStaticString(text.readableBytes == 0 ? "{\"" : ",\"")
            text.writeStaticString(name)
            text.writeStaticString("\":")
            text.writeJSONString(value)
        }
        if let id = overrides?["id"] {
            write("id", id)
        } else {
            var generator = PooledRandom()
            text.writeStaticString("{\"id\":\"")
            text.writeWithUnsafeMutableBytes(minimumWritableBytes: RandomID.uuidBytes) { RandomID.writeUUID(into: $0, using: &generator) }
            text.writeStaticString("\"")
        }
        write("source", overrides?["source"] ?? context.source)
        write("type", overrides?["type"] ?? defaultType)
        text.writeStaticString(",\"specversion\":\"1.0\"")
        write("datacontenttype", contentType)
        if let subject = overrides?["subject"] { write("subject", subject) }
        write("pubsubname", context.pubsub)
        write("topic", context.topic)
        text.writeStaticString(",\"time\":\"")
        text.writeWithUnsafeMutableBytes(minimumWritableBytes: Timestamp.maximumRFC3339Bytes) { context.now.writeRFC3339(into: $0) }
        text.writeStaticString("\"")
        let traceparent = overrides?["traceparent"] ?? context.traceparent
        if let traceID = overrides?["traceid"] ?? traceparent { write("traceid", traceID) }
        if let traceparent { write("traceparent", traceparent) }
        if let tracestate = overrides?["tracestate"] ?? context.tracestate { write("tracestate", tracestate) }
        if let expiration { write("expiration", expiration.rfc3339) }
        writeData(data, contentType: contentType, into: &text)
        text.writeStaticString("}")
        return text
    }

    /// The last member, with its comma: JSON as it is, text as a string, anything else in Base64.
    private static func writeData(_ data: ByteBuffer, contentType: String, into text: inout ByteBuffer) {
        if MediaType.isJSON(contentType), JSON.isValid(data) {
            text.writeStaticString(",\"data\":")
            text.writeImmutableBuffer(data)
        } else if !MediaType.isBinary(contentType), let string = String(validating: data.readableBytesView, as: UTF8.self) {
            text.writeStaticString(",\"data\":")
            text.writeJSONString(string)
        } else {
            text.writeStaticString(",\"data_base64\":\"")
            text.writeString(Base64.encode(data.readableBytesView))
            text.writeStaticString("\"")
        }
    }

    /// An event that the sender made: what is there stays, what is missing is filled in.
    /// Throws when `text` is no JSON object.
    public static func complete(
        _ text: ByteBuffer, _ context: CloudEventContext, expiration: Timestamp? = nil
    ) throws -> ByteBuffer {
        guard case .object(var members) = try JSON.parse(text) else {
            throw CapabilityError(.invalidArgument, "a cloud event must be a JSON object")
        }
        for (name, value) in context.overrides.sorted(by: { $0.key < $1.key }) {
            members.removeAll { $0.name == name }
            members.append(.init(name, .string(value)))
        }
        let given = Set(members.map(\.name))
        func fill(_ name: String, _ value: @autoclosure () -> String?) {
            if !given.contains(name), let value = value() { members.append(.init(name, .string(value))) }
        }
        fill("id", RandomID.uuid())
        fill("source", context.source)
        fill("type", defaultType)
        fill("specversion", "1.0")
        fill("pubsubname", context.pubsub)
        fill("topic", context.topic)
        fill("time", context.now.rfc3339)
        fill("traceid", context.traceparent)
        fill("traceparent", context.traceparent)
        fill("tracestate", context.tracestate)
        if let expiration {
            members.removeAll { $0.name == "expiration" }
            members.append(.init("expiration", .string(expiration.rfc3339)))
        }
        return JSON.object(members).buffer
    }

    /// The event that stands for bytes which were published as they are (`rawPayload`).
    public static func fromRaw(_ data: ByteBuffer, pubsub: String, topic: String) -> CloudEvent {
        CloudEvent([
            .init("id", .string(RandomID.uuid())), .init("source", .string(defaultSource)), .init("type", .string(defaultType)),
            .init("specversion", "1.0"), .init("datacontenttype", "application/octet-stream"),
            .init("pubsubname", .string(pubsub)), .init("topic", .string(topic)),
            .init("data_base64", .string(Base64.encode(data.readableBytesView))),
        ])
    }

    /// An event in binary mode: attributes in message headers called `ce_<attribute>` (or `ce-`), data as the
    /// body. Nil when the headers hold no such attribute.
    public static func fromBinary(_ message: IncomingMessage, pubsub: String) -> CloudEvent? {
        var attributes: [(String, String)] = []
        for (key, value) in message.metadata {
            let key = key.lowercased()
            if key.hasPrefix("ce_") || key.hasPrefix("ce-") { attributes.append((String(key.dropFirst(3)), value)) }
        }
        guard attributes.contains(where: { $0.0 == "specversion" || $0.0 == "id" }) else { return nil }
        let contentType =
            message.metadata.first { $0.key.lowercased() == "content-type" }?.value ?? message.contentType ?? "application/octet-stream"
        var members = attributes.sorted { $0.0 < $1.0 }.map { JSON.Member($0.0, .string($0.1)) }
        func fill(_ name: String, _ value: String) {
            if !members.contains(where: { $0.name == name }) { members.append(.init(name, .string(value))) }
        }
        fill("id", RandomID.uuid())
        fill("source", defaultSource)
        fill("type", defaultType)
        fill("specversion", "1.0")
        fill("datacontenttype", contentType)
        fill("pubsubname", pubsub)
        fill("topic", message.topic)
        if MediaType.isJSON(contentType), let json = try? JSON.parse(message.data) {
            members.append(.init("data", json))
        } else if !MediaType.isBinary(contentType), let text = String(validating: message.data.readableBytesView, as: UTF8.self) {
            members.append(.init("data", .string(text)))
        } else {
            members.append(.init("data_base64", .string(Base64.encode(message.data.readableBytesView))))
        }
        return CloudEvent(members)
    }
}
