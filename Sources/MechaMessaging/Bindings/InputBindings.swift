import MechaCore
import MechaInvocation
import MechaTelemetry
import NIOCore

/// An input binding as one app has it.
public struct InputBindingSource: Sendable {
    public let name: String
    public let binding: any InputBinding
    /// The path of HTTP apps.
    public let method: MethodPath
    /// The component says itself that it is for input (`direction`), so the app is not asked.
    public let isCertain: Bool

    /// Nil when `direction` names output only. Throws when the route is no path.
    public init?(name: String, binding: any InputBinding, metadata: ComponentMetadata) throws {
        let directions = Set(
            (metadata.string("direction") ?? "").lowercased().split { $0 == "," || $0.isWhitespace }.map(String.init))
        if !directions.isEmpty, !directions.contains("input") { return nil }
        self.name = name
        self.binding = binding
        isCertain = directions.contains("input")
        let route = metadata.string("route") ?? name
        method = try MethodPath(target: route.hasPrefix("/") ? route : "/\(route)")
    }
}

/// All input bindings of one app: read while the app is there, with the same pauses and the same end as
/// subscriptions.
public actor InputBindings {
    /// What an app's answer asks for is done by this.
    public typealias FollowUp = @Sendable (_ binding: String, _ answer: BindingAnswer) async throws -> Void

    private struct Running {
        let source: InputBindingSource
        let feed: any MessageFeed
    }

    private let app: LocalApp
    private let context: DeliveryContext
    private let followUp: FollowUp
    private var running: [Running] = []
    private var isPaused = false
    private var isClosed = false

    public init(app: LocalApp, context: DeliveryContext, followUp: @escaping FollowUp) {
        self.app = app
        self.context = context
        self.followUp = followUp
    }

    /// Makes the bindings that are read those of `sources`.
    public func apply(_ sources: [InputBindingSource]) async {
        if isClosed { return }
        let kept = running.filter { old in
            sources.contains { $0.name == old.source.name && $0.binding as AnyObject === old.source.binding as AnyObject }
        }
        let ended = running.filter { old in !kept.contains { $0.source.name == old.source.name } }
        running = kept
        for binding in ended { await binding.feed.close() }
        for source in sources where !kept.contains(where: { $0.source.name == source.name }) {
            do {
                let feed = try await source.binding.read { [self] event in await take(event, of: source) }
                if isPaused { await feed.pause() }
                running.append(Running(source: source, feed: feed))
                context.logger.info("input binding \(source.name) is being read")
            } catch {
                context.logger.error("failed to read the input binding \(source.name): \(error)")
            }
        }
    }

    private nonisolated func take(_ event: BindingEvent, of source: InputBindingSource) async -> BindingOutcome {
        let started = context.clock.monotonicNanoseconds()
        let scope = context.tracer.begin(.consumer, parent: event.metadata["traceparent"].flatMap { TraceContext(traceparent: $0) })
        let trigger = BindingTrigger(binding: source.name, method: source.method, event: event, trace: scope.context)
        let outcome: BindingOutcome
        do {
            let answer = try await deliver(trigger)
            try await followUp(source.name, answer)
            outcome = .acknowledge(answer.data)
        } catch {
            context.logger.warning("the app did not take an event of the binding \(source.name): \(error)")
            outcome = .redeliver
        }
        var isTaken = false
        if case .acknowledge = outcome { isTaken = true }
        context.bindingMetrics.triggered(
            source.name, success: isTaken, nanoseconds: context.clock.monotonicNanoseconds() - started)
        if var span = scope.span {
            span.name = "bindings/\(source.name)"
            if !isTaken { span.status = .error("not taken") }
            context.tracer.end(span)
        }
        return outcome
    }

    /// Under the inbound policies of the component.
    private nonisolated func deliver(_ trigger: BindingTrigger) async throws -> BindingAnswer {
        let result = Latest<BindingAnswer>()
        let attempt = await context.policy.run(component: trigger.binding, .binding) { [app] deadline in
            do throws(InvocationError) {
                result.set(try await app.trigger(trigger, deadline: deadline))
                return .success
            } catch {
                return .failed(.other, error.message)
            }
        }
        switch attempt {
        case .success: return result.value ?? BindingAnswer()
        case .dropped: throw CapabilityError(.backend, "the app refused the event")
        case .failed(_, let reason): throw CapabilityError(.backend, reason)
        }
    }

    public func setPaused(_ isPaused: Bool) async {
        guard isPaused != self.isPaused else { return }
        self.isPaused = isPaused
        for binding in running { isPaused ? await binding.feed.pause() : await binding.feed.resume() }
    }

    public func close() async {
        isClosed = true
        let all = running
        running = []
        await withTaskGroup(of: Void.self) { group in
            for binding in all { group.addTask { await binding.feed.close() } }
        }
    }
}
