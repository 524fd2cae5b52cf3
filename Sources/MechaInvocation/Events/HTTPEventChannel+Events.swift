import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1

// How an HTTP app subscribes and takes events (section 1.2 of the Dapr surface, "Subscriptions", "Delivery").
extension HTTPEventChannel {
    public func subscriptions(deadline: NIODeadline) async throws(InvocationError) -> [TopicSubscription] {
        let response = try await invoke(AppRequest(.GET, Self.subscribePath), deadline: deadline)
        guard case .http(let status) = response.outcome else { return [] }
        if status == .notFound { return [] }
        guard status.code / 100 == 2 else {
            throw InvocationError(.badResponse, "the app answered \(status.code) to GET /dapr/subscribe")
        }
        if response.body.readableBytes == 0 { return [] }
        do {
            return try SubscriptionList.decode(response.body)
        } catch {
            throw InvocationError(.badResponse, "the app's answer to GET /dapr/subscribe cannot be used: \(error)", cause: error)
        }
    }

    private static var subscribePath: MethodPath { fixed("/dapr/subscribe") }

    /// A path that is known to be good.
    private static func fixed(_ path: String) -> MethodPath {
        do { return try MethodPath(path) } catch { preconditionFailure("\(path) is no path: \(error)") }
    }

    public func acceptedBindings(
        _ bindings: [(name: String, method: MethodPath)], deadline: NIODeadline
    ) async throws(InvocationError) -> Set<String> {
        var accepted: Set<String> = []
        for binding in bindings {
            let response = try await invoke(AppRequest(.OPTIONS, binding.method), deadline: deadline)
            guard case .http(let status) = response.outcome else { continue }
            if status.code / 100 == 2 || status == .methodNotAllowed { accepted.insert(binding.name) }
        }
        return accepted
    }

    public func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer {
        try await deliverByInvoking(event, deadline: deadline)
    }

    func deliverByInvoking(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer {
        let response = try await invoke(
            AppRequest(
                .POST, event.route.method, headers: Self.headers(of: event), contentType: CloudEvent.contentType, body: event.event.text,
                trace: event.trace), deadline: deadline)
        guard case .http(let status) = response.outcome else { return .success }
        return Self.answer(status, response.body)
    }

    public func deliver(_ events: BulkTopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> [EventAnswer] {
        var headers = Self.headers(events.metadata)
        headers.add(name: "pubsubName", value: events.pubsub)
        let response = try await invoke(
            AppRequest(.POST, events.route.method, headers: headers, contentType: "application/json", body: Self.text(of: events)),
            deadline: deadline)
        guard case .http(let status) = response.outcome else { return events.entries.map { _ in .success } }
        if let failure = Self.failure(status) { return events.entries.map { _ in failure } }
        return Self.answers(response.body, to: events)
    }

    public func trigger(_ trigger: BindingTrigger, deadline: NIODeadline?) async throws(InvocationError) -> BindingAnswer {
        let response = try await invoke(
            AppRequest(
                .POST, trigger.method, headers: Self.headers(trigger.event.metadata),
                contentType: trigger.event.contentType ?? "application/json", body: trigger.event.data, trace: trigger.trace),
            deadline: deadline)
        if case .http(let status) = response.outcome, status.code / 100 != 2 {
            throw InvocationError(.badResponse, "the app answered \(status.code) to an event of the binding \(trigger.binding)")
        }
        do {
            return try BindingAnswer(response.body)
        } catch {
            throw InvocationError(
                .badResponse, "the app's answer to an event of the binding \(trigger.binding) cannot be used: \(error)", cause: error)
        }
    }

    // MARK: - Texts

    /// What accompanies an event, its type excepted.
    static func headers(of event: TopicEvent) -> HTTPHeaders {
        var headers = HTTPHeaders()
        // The type is still to come.
        headers.reserveCapacity(event.metadata.count + 2)
        add(event.metadata, to: &headers)
        headers.add(name: "pubsubName", value: event.pubsub)
        return headers
    }

    /// Metadata as headers; what no header can carry stays behind.
    private static func headers(_ metadata: [String: String]) -> HTTPHeaders {
        var headers = HTTPHeaders()
        add(metadata, to: &headers)
        return headers
    }

    private static func add(_ metadata: [String: String], to headers: inout HTTPHeaders) {
        for (name, value) in metadata where isHeader(name, value) { headers.add(name: name, value: value) }
    }

    private static func isHeader(_ name: String, _ value: String) -> Bool {
        guard !name.isEmpty, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { return false }
        switch name.lowercased() {
        // These speak of the request that carries the message, not of the message.
        case "content-length", "transfer-encoding", "content-type", "host", "connection", "upgrade", "te", "trailer", "dapr-api-token",
            "traceparent", "tracestate":
            return false
        default:
            return name.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e...0x60, 0x7c, 0x7e: true
                default: false
                }
            }
        }
    }

    /// Nil for success.
    private static func failure(_ status: HTTPResponseStatus) -> EventAnswer? {
        if status.code / 100 == 2 { return nil }
        return status == .notFound ? .drop : .retry(.http(Int(status.code)))
    }

    /// How an event was taken.
    static func answer(_ status: HTTPResponseStatus, _ body: ByteBuffer) -> EventAnswer { failure(status) ?? answer(body) }

    /// `{"status": ...}`; an answer without a body, or of any other form, is a success.
    private static func answer(_ body: ByteBuffer) -> EventAnswer {
        if body.readableBytes == 0 { return .success }
        guard let document = try? JSON.parse(body), let status = document["status"]?.stringValue, !status.isEmpty else { return .success }
        return EventAnswer(status: status)
    }

    /// `{"statuses": [{entryId, status}]}`; entries without a status are to be delivered again.
    private static func answers(_ body: ByteBuffer, to events: BulkTopicEvent) -> [EventAnswer] {
        let statuses = (try? JSON.parse(body))?["statuses"]?.arrayValue ?? []
        var byID: [String: EventAnswer] = [:]
        for entry in statuses {
            guard let id = entry["entryId"]?.stringValue, let status = entry["status"]?.stringValue, !status.isEmpty else { continue }
            byID[id] = EventAnswer(status: status)
        }
        return events.entries.map { byID[$0.entryID] ?? .retry(.other) }
    }

    private static func text(of events: BulkTopicEvent) -> ByteBuffer {
        var text = ByteBuffer()
        func member(_ name: StaticString, _ value: String) {
            text.writeStaticString(name)
            text.writeJSONString(value)
        }
        func metadata(_ metadata: [String: String]) {
            text.writeStaticString(",\"metadata\":{")
            for (index, pair) in metadata.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { text.writeStaticString(",") }
                text.writeJSONString(pair.key)
                text.writeStaticString(":")
                text.writeJSONString(pair.value)
            }
            text.writeStaticString("}")
        }
        member("{\"id\":", events.id)
        member(",\"type\":", BulkTopicEvent.type)
        member(",\"topic\":", events.topic)
        member(",\"pubsubname\":", events.pubsub)
        metadata(events.metadata)
        text.writeStaticString(",\"entries\":[")
        for (index, entry) in events.entries.enumerated() {
            if index > 0 { text.writeStaticString(",") }
            member("{\"entryId\":", entry.entryID)
            switch entry.content {
            case .event(let event):
                text.writeStaticString(",\"event\":")
                text.writeImmutableBuffer(event.text)
                member(",\"contentType\":", CloudEvent.contentType)
            case .raw(let data):
                member(",\"event\":", Base64.encode(data.readableBytesView))
                member(",\"contentType\":", "application/octet-stream")
            }
            metadata(entry.metadata)
            text.writeStaticString("}")
        }
        text.writeStaticString("]}")
        return text
    }
}

extension EventAnswer {
    /// An unknown word asks for another delivery, as losing the event would be worse.
    init(status: String) {
        switch status {
        case "SUCCESS": self = .success
        case "DROP": self = .drop
        default: self = .retry(.other)
        }
    }
}
