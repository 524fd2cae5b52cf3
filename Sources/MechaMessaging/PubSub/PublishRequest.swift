import MechaCore
import MechaTelemetry
import NIOCore

/// What an app wants published.
public struct PublishRequest: Sendable {
    public var topic: String
    public var data: ByteBuffer
    /// Media type of `data`; empty for text.
    public var contentType: String
    public var metadata: [String: String]
    public var trace: TraceContext?

    public init(
        topic: String, data: ByteBuffer, contentType: String = "", metadata: [String: String] = [:], trace: TraceContext? = nil
    ) {
        self.topic = topic
        self.data = data
        self.contentType = contentType
        self.metadata = metadata
        self.trace = trace
    }
}

/// Why something cannot be published as it was asked for.
public enum PublishProblem: Error, Sendable {
    /// A body that says it is a cloud event and is none.
    case cloudEvent(any Error)
    /// Publish metadata that makes no sense.
    case metadata(any Error)
}

extension PubSubBinding {
    /// The message that goes to the broker for `request`: wrapped into an envelope unless it is raw.
    public func message(for request: PublishRequest, appID: String, now: Timestamp) throws(PublishProblem) -> OutgoingMessage {
        var message = OutgoingMessage(topic: brokerTopic(request.topic), data: request.data, metadata: request.metadata)
        let timeToLive: Duration?
        do {
            timeToLive = try message.timeToLive
            if try message.delay != nil, !broker.features.contains(.delayedDelivery) {
                throw CapabilityError(.unsupported, "\(name) cannot delay messages (delayInSeconds)")
            }
        } catch {
            throw .metadata(error)
        }
        if isSet(request.metadata, "rawPayload") {
            message.contentType = request.contentType.isEmpty ? "application/octet-stream" : request.contentType
            return message
        }
        let expiration = broker.features.contains(.messageTTL) ? nil : timeToLive.map { now + $0 }
        let context = CloudEventContext(
            appID: appID, pubsub: name, topic: request.topic, traceparent: request.trace?.traceparent,
            tracestate: request.trace?.state?.text, now: now, metadata: request.metadata)
        if MediaType.isCloudEvent(request.contentType) {
            do {
                message.data = try CloudEvent.complete(request.data, context, expiration: expiration)
            } catch {
                throw .cloudEvent(error)
            }
        } else {
            message.data = CloudEvent.wrap(request.data, contentType: request.contentType, context, expiration: expiration)
        }
        return message
    }
}
