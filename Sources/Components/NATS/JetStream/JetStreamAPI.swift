import MechaCore
import NIOCore

/// The JetStream API: JSON requests to subjects below a prefix (docs.nats.io "JetStream wire API reference").
struct JetStreamAPI: Sendable {
    let client: NATSClient
    let settings: JetStreamSettings
    /// Streams are changed one after the other within the component: a change is made of what was read before it.
    let streamChanges: SerialGate
    /// Nil for the caller's loop.
    var home: NATSLoop?

    /// Makes a request. Throws ``JetStreamError`` for what the server refuses, ``CapabilityError`` otherwise.
    func call(_ operation: String, _ body: JSON? = nil) async throws -> JSON {
        let answer = try await client.request(
            "\(settings.apiPrefix).\(operation)", body: body.map(\.buffer) ?? ByteBuffer(), home: home)
        if answer.headers.status == 503 {
            throw CapabilityError(.unavailable, "nobody answers for JetStream at NATS: it is not enabled, not ready, or in another domain")
        }
        guard let value = try? JSON.parse(answer.body) else {
            throw CapabilityError(.backend, "JetStream answered with something that is no JSON")
        }
        if let error = JetStreamError(value) { throw error }
        return value
    }

    // MARK: - Streams

    /// The stream that holds the messages of `subject`; nil when none does.
    func streamName(of subject: String) async throws -> String? {
        let answer = try await call("STREAM.NAMES", ["subject": .string(subject)])
        guard case .array(let names)? = answer["streams"] else { return nil }
        return names.first?.stringValue
    }

    /// The stream for a topic: the configured one, the one that covers it, or a new one where that is allowed.
    func stream(for subject: String) async throws -> String {
        if let name = settings.streamName, !settings.createsStreams { return name }
        if settings.createsStreams { return try await ensureStream(for: subject) }
        guard let name = try await streamName(of: subject) else { throw Self.noStream(subject) }
        return name
    }

    /// Creates a stream, or extends one, until one covers `subject`: another process may change it at the same
    /// moment, and the last one wins.
    func ensureStream(for subject: String) async throws -> String {
        await streamChanges.enter()
        defer { streamChanges.leave() }
        for attempt in 0..<Self.attemptsToExtend {
            if let name = try await streamName(of: subject) {
                guard NATSSubject.hasWildcard(subject) else { return name }
                let subjects = try await subjects(of: name)
                if subjects.contains(where: { NATSSubject.covers($0, subject) }) { return name }
                try await extend(name, by: subject)
            } else {
                try await createStream(for: subject)
            }
            if attempt > 0 { try await Task.sleep(for: .milliseconds(Int.random(in: 1...20 * attempt))) }
        }
        throw CapabilityError(.unavailable, "the JetStream stream for the subject \"\(subject)\" is being changed by others")
    }

    private static let attemptsToExtend = 20

    static func noStream(_ subject: String) -> CapabilityError {
        CapabilityError(
            .notFound,
            "no JetStream stream covers the subject \"\(subject)\"; create one (nats stream add), or set autoCreateStream to true")
    }

    /// Creates a stream that covers `subject`, or has an existing one of the name cover it too.
    private func createStream(for subject: String) async throws {
        let name = settings.streamName ?? NATSSubject.name(from: subject)
        var members: [JSON.Member] = [
            .init("name", .string(name)), .init("subjects", [.string(subject)]),
            .init("storage", .string(settings.usesMemory ? "memory" : "file")), .init("retention", "limits"),
        ]
        if let replicas = settings.replicas { members.append(.init("num_replicas", .integer(replicas))) }
        do {
            _ = try await call("STREAM.CREATE.\(name)", .object(members))
        } catch let error as JetStreamError where error.number == 10058 {
            // The name is taken, by a stream of other subjects.
            try await extend(name, by: subject)
        } catch let error as JetStreamError where error.number == 10065 {
            // Somebody else was faster with an overlapping one; the next look finds it.
        }
    }

    private func subjects(of stream: String) async throws -> [String] {
        guard case .array(let subjects)? = try await call("STREAM.INFO.\(stream)")["config"]?["subjects"] else { return [] }
        return subjects.compactMap(\.stringValue)
    }

    private func extend(_ name: String, by subject: String) async throws {
        let answer = try await call("STREAM.INFO.\(name)")
        guard case .object(var members)? = answer["config"], case .array(let subjects)? = answer["config"]?["subjects"] else {
            throw CapabilityError(.backend, "JetStream describes no configuration of the stream \"\(name)\"")
        }
        let others = subjects.compactMap(\.stringValue)
        guard !others.contains(where: { NATSSubject.covers($0, subject) }) else { return }
        members.removeAll { $0.name == "subjects" }
        // What the new one covers would overlap with it.
        let kept = others.filter { !NATSSubject.covers(subject, $0) } + [subject]
        members.append(.init("subjects", .array(kept.map { .string($0) })))
        _ = try await call("STREAM.UPDATE.\(name)", .object(members))
    }

    // MARK: - Consumers

    /// Finds or makes the consumer of a subscription.
    func consumer(_ request: SubscriptionRequest, window: Int) async throws -> JetStreamConsumer {
        for _ in 0..<Self.attemptsToExtend where settings.createsStreams {
            do {
                return try await findOrMakeConsumer(request, window: window)
            } catch let error as CapabilityError where (error.cause as? JetStreamError)?.isSubjectMissing == true {
                // Another process that extended the stream did not know of our subject yet, and wrote last.
            }
        }
        return try await findOrMakeConsumer(request, window: window)
    }

    private func findOrMakeConsumer(_ request: SubscriptionRequest, window: Int) async throws -> JetStreamConsumer {
        do {
            let stream = try await stream(for: request.topic)
            let wanted = settings.durableName ?? NATSSubject.name(from: "\(request.consumerGroup)-\(request.topic)")
            var name = wanted
            if let found = try await existing(stream, name) {
                if found.filter == request.topic || found.filter.isEmpty { return found }
                // The configured name serves another topic already.
                name = "\(wanted)-\(NATSSubject.name(from: request.topic))"
                if let found = try await existing(stream, name) { return found }
            }
            let configuration = configuration(name, request.topic, stream: stream, window: window)
            let answer = try await call(
                "CONSUMER.DURABLE.CREATE.\(stream).\(name)", ["stream_name": .string(stream), "config": configuration])
            return try JetStreamConsumer(answer)
        } catch let error as JetStreamError {
            if error.isStreamMissing, let name = settings.streamName {
                throw CapabilityError(.notFound, "there is no JetStream stream \"\(name)\" (streamName)", cause: error)
            }
            throw error.capabilityError
        }
    }

    private func existing(_ stream: String, _ name: String) async throws -> JetStreamConsumer? {
        do {
            return try JetStreamConsumer(try await call("CONSUMER.INFO.\(stream).\(name)"))
        } catch let error as JetStreamError where error.isConsumerMissing {
            return nil
        }
    }

    private func configuration(_ name: String, _ topic: String, stream: String, window: Int) -> JSON {
        var members: [JSON.Member] = [
            .init("durable_name", .string(name)), .init("filter_subject", .string(topic)), .init("replay_policy", "instant"),
            .init("ack_policy", .string(settings.acknowledgement.rawValue)), .init("deliver_policy", .string(deliverPolicy)),
        ]
        func add(_ name: String, _ value: JSON?) {
            if let value { members.append(.init(name, value)) }
        }
        func nanoseconds(_ duration: Duration) -> JSON { .integer(duration.wholeNanoseconds) }
        if settings.deliverPolicy == .sequence { add("opt_start_seq", settings.startSequence.map { .integer($0) }) }
        if settings.deliverPolicy == .time { add("opt_start_time", settings.startTime.map { .string(Timestamp(seconds: $0).rfc3339) }) }
        add("ack_wait", settings.acknowledgementWait.map(nanoseconds))
        add("max_deliver", settings.maximumDeliveries.map { .integer($0) })
        if !settings.backOff.isEmpty { add("backoff", .array(settings.backOff.map(nanoseconds))) }
        add("max_ack_pending", settings.maximumUnacknowledged.map { .integer($0) })
        add("num_replicas", settings.replicas.map { .integer($0) })
        if settings.usesMemory { add("mem_storage", true) }
        guard settings.wantsPush else { return .object(members) }
        add("deliver_subject", .string("_INBOX.\(stream).\(name)"))
        add("deliver_group", settings.queueGroupName.map { .string($0) })
        add("rate_limit_bps", settings.rateLimit.map { .integer($0) })
        add("idle_heartbeat", settings.heartbeat.map(nanoseconds))
        if settings.hasFlowControl { add("flow_control", true) }
        // What a push consumer may send without being asked must fit here.
        if settings.maximumUnacknowledged == nil, settings.acknowledgement != .none { add("max_ack_pending", .integer(window)) }
        return .object(members)
    }

    private var deliverPolicy: String {
        switch settings.deliverPolicy {
        case .all, .last, .new: settings.deliverPolicy.rawValue
        case .sequence: "by_start_sequence"
        case .time: "by_start_time"
        }
    }
}
