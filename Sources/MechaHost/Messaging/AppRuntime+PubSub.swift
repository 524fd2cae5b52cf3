import MechaCore
import MechaMessaging
import MechaTelemetry
import NIOCore

extension AppRuntime {
    /// Entries of one bulk publish beyond this are refused.
    public static let maximumBulkEntries = 10_000

    /// Publishes one message; returns when the broker has confirmed it.
    public func publish(_ request: PublishRequest, pubsub name: String) async throws {
        try await publish(prepare(request, pubsub: name))
    }

    /// What is published for a request that may be made; ``publish(_:)`` then does it.
    @inline(never)
    package func prepare(_ request: PublishRequest, pubsub name: String) throws -> Publication {
        let binding = try pubsubBinding(name, topic: request.topic)
        let message = try message(for: request, binding)
        return Publication(
            message, topic: request.topic, to: binding, metrics: telemetry.metrics.pubsub.topic(request.topic, of: name),
            startedNanoseconds: clock.monotonicNanoseconds())
    }

    /// Returns when the broker has confirmed it.
    package func publish(_ publication: Publication) async throws {
        do {
            if let policy = publication.binding.policy {
                try await policy.run { try await publication.binding.broker.publish(publication.message) }
            } else {
                try await publication.binding.broker.publish(publication.message)
            }
        } catch {
            throw failed(publication, error)
        }
        publication.metrics.published(success: true, nanoseconds: clock.monotonicNanoseconds() - publication.startedNanoseconds)
    }

    @inline(never)
    private func failed(_ publication: Publication, _ error: any Error) -> RuntimeError {
        publication.metrics.published(success: false, nanoseconds: clock.monotonicNanoseconds() - publication.startedNanoseconds)
        let name = publication.binding.name
        return RuntimeError(
            .pubsubPublish, "error when publish to topic \(publication.topic) in pubsub \(name): \(describe(error))", resource: name,
            cause: error)
    }

    /// One message of a bulk.
    public struct BulkEntry: Sendable {
        public var id: String
        public var data: ByteBuffer
        public var contentType: String
        public var metadata: [String: String]

        public init(id: String, data: ByteBuffer, contentType: String, metadata: [String: String] = [:]) {
            self.id = id
            self.data = data
            self.contentType = contentType
            self.metadata = metadata
        }
    }

    /// Publishes many messages to one topic; answers those that failed with the reason.
    public func publishBulk(
        _ entries: [BulkEntry], topic: String, pubsub name: String, metadata: [String: String], trace: TraceContext?
    ) async throws -> [(id: String, error: String)] {
        let binding = try pubsubBinding(name, topic: topic)
        guard entries.count <= Self.maximumBulkEntries else {
            throw RuntimeError(
                .pubsubMarshalEvents, "\(entries.count) entries at once; at most \(Self.maximumBulkEntries) are allowed", resource: name)
        }
        if entries.isEmpty { return [] }
        let messages = try entries.map { entry in
            try message(
                for: PublishRequest(
                    topic: topic, data: entry.data, contentType: entry.contentType,
                    metadata: metadata.merging(entry.metadata) { $1 }, trace: trace), binding)
        }
        let started = clock.monotonicNanoseconds()
        let metrics = telemetry.metrics.pubsub.topic(topic, of: name)
        var failures: [(id: String, error: String)] = []
        do {
            let outcomes =
                if let policy = binding.policy {
                    try await policy.run { try await binding.broker.publish(messages) }
                } else {
                    try await binding.broker.publish(messages)
                }
            for (entry, failure) in zip(entries, outcomes) {
                if let failure { failures.append((entry.id, describe(failure))) }
            }
        } catch {
            failures = entries.map { ($0.id, describe(error)) }
        }
        metrics.bulkPublished(
            success: failures.isEmpty, events: entries.count, nanoseconds: clock.monotonicNanoseconds() - started)
        return failures
    }

    /// Puts messages of a dead letter topic back where they came from, or onto `destination`.
    public func redrive(
        deadLetterTopic topic: String, pubsub name: String, to destination: String?, limit: Int
    ) async throws -> DeadLetterRedrive.Outcome {
        let binding = try pubsubBinding(name, topic: destination ?? topic)
        guard binding.scopes.allowsSubscription(to: topic) else {
            throw RuntimeError(.pubsubForbidden, "topic \(topic) is not allowed for app id \(options.appID)", resource: name)
        }
        do {
            return try await DeadLetterRedrive(binding, context: deliveryContext).run(topic: topic, to: destination, limit: limit)
        } catch {
            throw RuntimeError(
                .pubsubPublish, "the dead letters of \(topic) cannot be read: \(describe(error))", resource: name, cause: error)
        }
    }

    private func message(for request: PublishRequest, _ binding: PubSubBinding) throws -> OutgoingMessage {
        do {
            return try binding.message(for: request, appID: options.appID, now: clock.now())
        } catch {
            switch error {
            case .cloudEvent(let cause):
                throw RuntimeError(
                    .pubsubCloudEvent, "cannot create cloudevent: \(describe(cause))", resource: binding.name, cause: cause)
            case .metadata(let cause):
                throw RuntimeError(
                    .pubsubMetadata, "failed deserializing metadata: \(describe(cause))", resource: binding.name, cause: cause)
            }
        }
    }

    private func pubsubBinding(_ name: String, topic: String) throws -> PubSubBinding {
        guard !name.isEmpty else { throw RuntimeError(.pubsubNameEmpty, "pubsub name is empty") }
        guard let binding = inForce({ $0.pubsubs[name] }) else {
            let snapshot = snapshot
            guard snapshot.isLoaded else { throw RuntimeError.starting }
            if snapshot.pubsubs.isEmpty { throw RuntimeError(.pubsubsNotConfigured, "no pubsub is configured", resource: name) }
            throw RuntimeError(.pubsubNotFound, "pubsub \(name) is not found", resource: name)
        }
        guard !topic.isEmpty else { throw RuntimeError(.topicEmpty, "topic is empty in pubsub \(name)", resource: name) }
        guard binding.scopes.allowsPublishing(to: topic) else {
            throw RuntimeError(
                .pubsubForbidden, "topic \(topic) is not allowed for app id \(options.appID)", resource: name)
        }
        return binding
    }
}
