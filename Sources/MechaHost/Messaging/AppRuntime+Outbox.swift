import MechaCore
import MechaMessaging

extension AppRuntime {
    /// Opens the outboxes of a new snapshot; one that works on the same store and brokers goes on. A store
    /// whose outbox cannot be opened is taken out: its transactions would commit without their events.
    func openOutboxes(_ snapshot: inout AppSnapshot, previous: AppSnapshot) async -> [ComponentFailure] {
        var failures: [ComponentFailure] = []
        for component in snapshot.components {
            guard let store = snapshot.stateStores[component.name]?.store else { continue }
            do {
                guard let settings = try OutboxSettings(store: component.name, metadata: component.metadata) else { continue }
                let publisher = try broker(settings.publishPubsub, named: "outboxPublishPubsub", in: snapshot)
                let internalBroker = try broker(settings.internalPubsub, named: "outboxPubsub", in: snapshot)
                if let running = previous.outboxes[component.name],
                    running.uses(settings, store: store, publisher: publisher.broker, internalBroker: internalBroker.broker)
                {
                    snapshot.outboxes[component.name] = running
                    continue
                }
                let outbox = Outbox(
                    settings, store: store, publisher: publisher, internalBroker: internalBroker, namespace: options.namespace,
                    context: deliveryContext)
                try await outbox.start()
                snapshot.outboxes[component.name] = outbox
            } catch {
                snapshot.stateStores[component.name] = nil
                failures.append(ComponentFailure(resource: component.resource, error: error))
            }
        }
        return failures
    }

    private func broker(_ name: String, named field: String, in snapshot: AppSnapshot) throws -> PubSubBinding {
        guard let binding = snapshot.pubsubs[name] else {
            throw MetadataError(field: field, problem: "is \"\(name)\"", expected: "the name of a pub/sub component that is loaded")
        }
        return binding
    }
}
