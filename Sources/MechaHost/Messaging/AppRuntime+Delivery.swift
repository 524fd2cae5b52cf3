import MechaCore
import MechaInvocation
import MechaMessaging
import MechaResiliency
import NIOCore

// The app's side of messaging: what it subscribes to is found out, started, paused with its health, and drained.
extension AppRuntime {
    /// Between two attempts to ask an app for its subscriptions.
    private static let askingPause = Backoff(initial: .milliseconds(100), maximum: .seconds(5), multiplier: 2, jitter: 0.2)
    private static let askingTimeout = TimeAmount.seconds(10)

    /// Delivers until cancelled. Waits for the app first, where there is one.
    public func runDelivery() async {
        guard let channel = app.channel else { return }
        guard let health = app.health else { return }
        var isStarted = false
        for await isHealthy in health.changes() {
            if isHealthy, !isStarted {
                isStarted = true
                await learnSubscriptions(channel)
                isDelivering = true
                await applyMessaging()
            }
            guard isStarted else { continue }
            await subscriptions.setPaused(!isHealthy)
            await inputBindings.setPaused(!isHealthy)
        }
    }

    /// Asks until there is an answer: an app that starts may not have its routes yet.
    private func learnSubscriptions(_ channel: any AppChannel) async {
        guard !options.disabledInitEndpoints.contains("subscribe") else { return }
        var pause = BackoffSchedule(Self.askingPause)
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            do throws(InvocationError) {
                learned(try await channel.subscriptions(deadline: .now() + Self.askingTimeout))
                return
            } catch {
                if pause.attempts % 10 == 0 { logger.error("the app's subscriptions cannot be learned yet: \(error)") }
            }
            do { try await clock.sleep(for: pause.next(using: &generator)) } catch { return }
        }
    }

    /// Brings what is delivered into line with the current snapshot.
    func applyMessaging() async {
        let snapshot = snapshot
        let programmatic = programmaticSubscriptions
        let triggers = triggers
        // A subscription for everybody means the apps of the files, not each function that was ever deployed.
        let meant = snapshot.resources.subscriptions.filter { triggers == nil || !$0.scopes.isEmpty }
        let own = programmatic + (triggers?.subscriptions ?? [])
        let declared = meant.map { TopicSubscription($0.spec) }.filter { declared in
            !own.contains { $0.pubsub == declared.pubsub && $0.topic == declared.topic }
        }
        // A broker that takes its time does not hold up bindings.
        async let bindings: Void = inputBindings.apply(await wantedBindings(snapshot.inputBindings))
        await subscriptions.apply(own + declared, brokers: snapshot.pubsubs)
        await bindings
    }

    private func wantedBindings(_ sources: [InputBindingSource]) async -> [InputBindingSource] {
        if let triggers {
            let names = triggers.bindings.union(triggers.components.map(\.name))
            return sources.filter { names.contains($0.name) }
        }
        let uncertain = sources.filter { !$0.isCertain }
        guard let channel = app.channel, !uncertain.isEmpty else { return sources }
        do throws(InvocationError) {
            let accepted = try await channel.acceptedBindings(
                uncertain.map { ($0.name, $0.method) }, deadline: .now() + .nanoseconds(options.bindingDiscoveryTimeout.wholeNanoseconds))
            return sources.filter { $0.isCertain || accepted.contains($0.name) }
        } catch {
            logger.warning("the app did not say which input bindings it wants: \(error)")
            return sources.filter(\.isCertain)
        }
    }

    /// Ends all deliveries when those under way are settled, at the latest after `limit`.
    public func stopDelivery(within limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await withTaskGroup(of: Void.self) { parts in
                    parts.addTask { await self.subscriptions.close() }
                    parts.addTask { await self.inputBindings.close() }
                }
            }
            group.addTask { [clock] in try? await clock.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Opens the subscription of a stream: it lives until ``SubscriptionManager/end(_:)``.
    public func openStream(_ subscription: TopicSubscription, target: any EventTarget) async throws -> RunningSubscription {
        let snapshot = snapshot
        guard !subscription.pubsub.isEmpty else { throw RuntimeError(.pubsubNameEmpty, "pubsub name is empty") }
        guard snapshot.pubsubs[subscription.pubsub] != nil else {
            if snapshot.pubsubs.isEmpty {
                throw RuntimeError(.pubsubsNotConfigured, "no pubsub is configured", resource: subscription.pubsub)
            }
            throw RuntimeError(.pubsubNotFound, "pubsub \(subscription.pubsub) is not found", resource: subscription.pubsub)
        }
        guard !subscription.topic.isEmpty else {
            throw RuntimeError(.topicEmpty, "topic is empty in pubsub \(subscription.pubsub)", resource: subscription.pubsub)
        }
        do {
            return try await subscriptions.stream(subscription, brokers: snapshot.pubsubs, target: target)
        } catch let error as CapabilityError where error.code == .permissionDenied {
            throw RuntimeError(.pubsubForbidden, error.message, resource: subscription.pubsub, cause: error)
        }
    }
}
