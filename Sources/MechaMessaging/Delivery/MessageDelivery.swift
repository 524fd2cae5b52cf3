import Logging
import MechaCore
import MechaInvocation
import MechaResiliency
import MechaTelemetry
import NIOCore

/// The way of one subscription's messages from the broker to the subscriber, message by message.
///
/// The steps are Dapr's (section 1.2 of the Dapr surface, "Delivery"): envelope, expiry, route, policy,
/// subscriber, dead letter. What it answers to the broker is all that the broker is told.
final class MessageDelivery: Sendable {
    let subscription: TopicSubscription
    let binding: PubSubBinding
    let target: any EventTarget
    let routes: EventRoutes
    let options: DeliveryOptions
    let context: DeliveryContext
    let metrics: PubSubMetrics.Topic
    private let firstDeliveries: FirstDeliveries?

    init(
        _ subscription: TopicSubscription, binding: PubSubBinding, target: any EventTarget, context: DeliveryContext
    ) throws {
        self.subscription = subscription
        self.binding = binding
        self.target = target
        self.context = context
        routes = try EventRoutes(subscription)
        options = try DeliveryOptions(subscription.metadata)
        firstDeliveries = options.addsDeliveryHeaders ? FirstDeliveries() : nil
        metrics = context.metrics.topic(subscription.topic, of: binding.name)
    }

    /// Delivers one message and tells what the broker is to do with it.
    func deliver(_ message: IncomingMessage, isStopping: @Sendable () -> Bool = { false }) async -> MessageOutcome {
        let started = context.clock.monotonicNanoseconds()
        let verdict: Verdict
        switch prepare(message) {
        case .success(let event):
            verdict = await attempt(event)
            if case .failed = verdict, options.retriesInPlace(message) {
                return await end(message, await attemptFurther(event, verdict, isStopping), started)
            }
        case .failure(let refusal): verdict = refusal.verdict
        }
        // What nearly every message comes to needs no frame for the rest.
        guard case .success = verdict else { return await end(message, verdict, started) }
        metrics.delivered(.success, nanoseconds: context.clock.monotonicNanoseconds() - started)
        return .acknowledge
    }

    /// With order to keep, or a broker that does not count, further attempts are made here.
    @inline(never)
    private func attemptFurther(_ event: TopicEvent, _ first: Verdict, _ isStopping: @Sendable () -> Bool) async -> Verdict {
        var verdict = first
        var backoff = BackoffSchedule(DeliveryOptions.pauseInPlace)
        var generator = SystemRandomNumberGenerator()
        var attempt = 1
        while case .failed = verdict, !isStopping(), options.maximumAttempts.map({ attempt < $0 }) ?? true {
            do { try await context.clock.sleep(for: backoff.next(using: &generator)) } catch { break }
            attempt += 1
            verdict = await self.attempt(event)
        }
        return verdict
    }

    @inline(never)
    private func end(_ message: IncomingMessage, _ verdict: Verdict, _ started: UInt64) async -> MessageOutcome {
        let outcome = await settle(message, verdict)
        metrics.delivered(verdict.status, nanoseconds: context.clock.monotonicNanoseconds() - started)
        return outcome
    }

    /// How one message ended up.
    enum Verdict: Sendable {
        case success
        case dropped(String)
        case failed(String)

        var status: PubSubMetrics.ProcessStatus {
            switch self {
            case .success: .success
            case .dropped: .drop
            case .failed: .retry
            }
        }
    }

    /// Why a message does not come as far as the subscriber.
    struct Refusal: Error {
        let verdict: Verdict
    }

    // MARK: - Before the subscriber

    /// The event of a message and where it goes.
    @inline(never)
    func prepare(_ message: IncomingMessage) -> Result<TopicEvent, Refusal> {
        let topic = binding.appTopic(message.topic)
        let event: CloudEvent
        if options.isRaw {
            event = .fromRaw(message.data, pubsub: binding.name, topic: topic)
        } else if let binary = CloudEvent.fromBinary(message, pubsub: binding.name) {
            event = binary
        } else {
            do {
                event = try CloudEvent(message.data)
            } catch {
                return .failure(Refusal(verdict: .failed("the message is no cloud event: \(error)")))
            }
        }
        if let expiration = event.expiration, expiration <= context.clock.now() {
            return .failure(Refusal(verdict: .dropped("the event expired at \(expiration.rfc3339)")))
        }
        let route: EventRoute?
        do {
            route = try routes.route(for: event)
        } catch {
            return .failure(Refusal(verdict: .failed("a routing rule could not be evaluated: \(error)")))
        }
        guard let route else { return .failure(Refusal(verdict: .dropped("no route matches the event and there is no default"))) }
        let traceparent = event.attribute("traceparent")
        let trace = traceparent.isEmpty ? nil : TraceContext(traceparent: traceparent, tracestate: [event.attribute("tracestate")])
        return .success(
            TopicEvent(
                pubsub: binding.name, topic: topic, route: route, event: event, metadata: headers(of: message, event), trace: trace))
    }

    private func headers(of message: IncomingMessage, _ event: CloudEvent) -> [String: String] {
        guard let firstDeliveries else { return message.metadata }
        var metadata = message.metadata
        if let attempt = message.attempt { metadata["mecha-delivery-attempt"] = String(attempt) }
        let first = message.firstDelivered ?? firstDeliveries.time(of: event.id, now: context.clock.now())
        metadata["mecha-first-delivery-time"] = first.rfc3339
        return metadata
    }

    // MARK: - The subscriber

    /// One attempt under the inbound policies of the component.
    private func attempt(_ event: TopicEvent) async -> Verdict {
        let (event, span) = begin(event)
        // With a number of attempts of its own, the subscription owns retrying: policies would multiply it.
        let answer =
            options.maximumAttempts == nil
            ? await context.policy.run(component: binding.name, .pubsub) { [self, event] deadline in await carry(event, deadline: deadline)
            }
            : await carry(event, deadline: nil)
        let verdict = Verdict(answer)
        if let span { end(span, event, verdict) }
        return verdict
    }

    /// A span while the subscriber is asked: an object, since it is large and mostly there is none.
    private final class OpenSpan: Sendable {
        let span: TraceSpan

        init(_ span: TraceSpan) { self.span = span }
    }

    /// The event in the trace of one attempt.
    @inline(never)
    private func begin(_ event: TopicEvent) -> (TopicEvent, OpenSpan?) {
        let scope = context.tracer.begin(.consumer, parent: event.trace)
        guard !scope.isPassedThrough, let trace = scope.context else { return (event, nil) }
        return (event.following(trace), scope.span.map(OpenSpan.init))
    }

    @inline(never)
    private func end(_ open: OpenSpan, _ event: TopicEvent, _ verdict: Verdict) {
        var span = open.span
        span.name = "pubsub/\(event.topic)"
        if case .failed(let reason) = verdict { span.status = .error(reason) }
        context.tracer.end(span)
    }

    private func carry(_ event: TopicEvent, deadline: NIODeadline?) async -> DeliveryAttempt {
        do throws(InvocationError) {
            switch try await target.deliver(event, deadline: deadline) {
            case .success: return .success
            case .drop: return .dropped
            case .retry(let failure): return .failed(failure, "the subscriber asked for another delivery (\(failure))")
            }
        } catch {
            return .failed(.other, error.message)
        }
    }

    // MARK: - After the subscriber

    /// Acknowledges, dead-letters or leaves a message to the broker.
    func settle(_ message: IncomingMessage, _ verdict: Verdict) async -> MessageOutcome {
        switch verdict {
        case .success: return .acknowledge
        case .dropped(let reason):
            guard subscription.deadLetterTopic != nil else {
                context.logger.warning("dropped a message of \(binding.name)/\(subscription.topic): \(reason)")
                return .acknowledge
            }
            return await sendToDeadLetter(message, reason)
        case .failed(let reason):
            if let maximum = options.maximumAttempts {
                // Not counted by the broker means: counted in place, and used up.
                if !options.retriesInPlace(message), (message.attempt ?? maximum) < maximum { return .redeliver }
                if subscription.deadLetterTopic == nil {
                    context.logger.error(
                        "gave up a message of \(binding.name)/\(subscription.topic) after \(maximum) attempts: \(reason)")
                    return .acknowledge
                }
            }
            guard subscription.deadLetterTopic != nil else {
                context.logger.warning("a message of \(binding.name)/\(subscription.topic) was not processed: \(reason)")
                return .redeliver
            }
            return await sendToDeadLetter(message, reason)
        }
    }

    /// As it came, so that it can be put back. Not confirmed means that the original stays.
    private func sendToDeadLetter(_ message: IncomingMessage, _ reason: String) async -> MessageOutcome {
        guard let topic = subscription.deadLetterTopic else { return .redeliver }
        let letter = OutgoingMessage(
            topic: binding.brokerTopic(topic), data: message.data, contentType: message.contentType ?? CloudEvent.contentType,
            metadata: message.metadata)
        do {
            let broker = binding.broker
            try await within(DeliveryOptions.deadLetterTimeout, clock: context.clock) { try await broker.publish(letter) }
            context.logger.warning("a message of \(binding.name)/\(subscription.topic) went to the dead letter topic \(topic): \(reason)")
            return .acknowledge
        } catch {
            context.logger.error(
                "a message of \(binding.name)/\(subscription.topic) could not be put on the dead letter topic \(topic): \(error)")
            return .redeliver
        }
    }
}

extension MessageDelivery.Verdict {
    init(_ attempt: DeliveryAttempt) {
        switch attempt {
        case .success: self = .success
        case .dropped: self = .dropped("the subscriber refused it")
        case .failed(_, let reason): self = .failed(reason)
        }
    }
}

/// Runs `body` for at most `limit`; then it is cancelled and a timeout thrown.
func within<Value: Sendable>(
    _ limit: Duration, clock: any MechaClock, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await clock.sleep(for: limit)
            throw CapabilityError(.timeout, "no answer within \(GoDuration.format(limit))")
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
