import Logging
import MechaCore
import MechaManifest
import MechaTelemetry

/// Brings an app's declared components to life: resolves references, validates metadata, makes, starts.
struct ComponentLoader: Sendable {
    let host: Host
    let options: AppOptions
    let logger: Logger
    let telemetry: AppTelemetry
    /// Whether components that others of the process have loaded before are no news.
    var isQuiet = false

    /// Components in the order in which they were loaded, and what could not be loaded.
    struct Outcome: Sendable {
        var loaded: [LoadedComponent] = []
        var failures: [ComponentFailure] = []
    }

    /// Loads `resources`. A component whose resource is the same as in `previous` is taken over as it runs.
    func load(_ resources: ResourceSet, denied: [String], previous: AppSnapshot) async -> Outcome {
        var outcome = Outcome()
        // Secret stores come first, because the others' references are looked up in them; among themselves
        // those that need no secret.
        for resource in resources.components.sorted(by: { rank($0) < rank($1) }) {
            do {
                if let component = try await load(resource, denied: denied, previous: previous, secrets: outcome.loaded) {
                    outcome.loaded.append(component)
                }
            } catch {
                telemetry.metrics.components.componentFailed(
                    type: resource.spec.type, reason: "init", name: resource.name)
                outcome.failures.append(ComponentFailure(resource: resource, error: error))
            }
        }
        return outcome
    }

    private func rank(_ resource: ComponentResource) -> Int {
        guard resource.spec.block == "secretstores" else { return 2 }
        return resource.spec.metadata.contains { if case .secret = $0.value { true } else { false } } ? 1 : 0
    }

    private func load(
        _ resource: ComponentResource, denied: [String], previous: AppSnapshot, secrets: [LoadedComponent]
    ) async throws -> LoadedComponent? {
        let spec = resource.spec
        if denied.contains(spec.type) || denied.contains("\(spec.type)/\(spec.version)") {
            logger.warning("component \(resource.name) is not loaded: its type \(spec.type) is denied by the configuration")
            return nil
        }
        if host.catalog.isPlanned(spec.type) {
            logger.warning("component \(resource.name) is not loaded: type \(spec.type) is not available in this version")
            return nil
        }
        if let running = previous.running(resource) { return running }
        let descriptor = try host.catalog.descriptor(type: spec.type, version: spec.version)
        let metadata = try await resolver.metadata(of: resource) { store, name, key in
            try await secret(key: key, of: name, in: store, among: secrets)
        }
        let fields = descriptor.fields + Self.commonFields(of: descriptor.block)
        for warning in try metadata.validate(against: fields) {
            logger.warning("\(resource.source(ofMetadata: warning.field)): \(resource.label): \(warning)")
        }
        let key = ComponentPool.Key(
            type: descriptor.type, version: spec.version, name: resource.name, metadata: metadata,
            owner: descriptor.isShareable ? nil : AppAddress(appID: options.appID, namespace: options.namespace))
        let (instance, isNew) = try host.componentPool.acquire(key) {
            try descriptor.make(metadata, host.componentEnvironment(name: resource.name, app: options))
        }
        do {
            if isNew { try await starting(instance, within: spec.initTimeout) }
        } catch {
            await host.componentPool.release(key)
            throw error
        }
        telemetry.metrics.components.componentInitialized(type: spec.type)
        logger.log(
            level: isQuiet && !isNew ? .debug : .info, "component loaded: \(resource.name) (\(spec.type)/\(spec.version))")
        return LoadedComponent(
            resource: resource, descriptor: descriptor, metadata: metadata, instance: instance,
            lease: ComponentLease(key, in: host.componentPool))
    }

    /// What components of a block take beside their own fields.
    private static func commonFields(of block: String) -> [MetadataField] {
        switch block {
        case "state": StateStoreFields.common
        case "pubsub": MessagingFields.pubsub
        case "bindings": MessagingFields.bindings
        case "middleware": PipelineBuilder.commonFields
        default: []
        }
    }

    var resolver: ReferenceResolver {
        ReferenceResolver(
            template: MetadataTemplate(
                appID: options.appID, namespace: options.namespace, podName: host.environment["POD_NAME"]),
            environment: host.environment)
    }

    func secret(
        key: String, of name: String, in store: String, among components: [LoadedComponent]
    ) async throws -> String {
        guard let secrets = components.first(where: { $0.name == store })?.instance as? any SecretStore else {
            throw CapabilityError(.notFound, "there is no secret store \"\(store)\"")
        }
        let values = try await secrets.secret(name, metadata: [:])
        // A secret of one value answers to any key, as it does in Dapr.
        guard let value = values[key] ?? (values.count == 1 ? values.first?.value : nil) else {
            throw CapabilityError(.notFound, "the secret has no key \"\(key)\"")
        }
        return value
    }

    private func starting(_ component: any Component, within limit: Duration) async throws {
        let clock = host.clock
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await component.start() }
            group.addTask {
                try await clock.sleep(for: limit)
                throw CapabilityError(.timeout, "the component did not start within \(GoDuration.format(limit))")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// A component that could not be loaded.
struct ComponentFailure: Error, Sendable, CustomStringConvertible {
    let resource: ComponentResource
    let error: any Error

    var description: String {
        // A manifest problem names its place itself.
        if error is ManifestProblem { return "\(error)" }
        let source = (error as? MetadataError).map { resource.source(ofMetadata: $0.field) } ?? resource.source
        return "\(source): \(resource.label) (\(resource.spec.type)): \(describe(error))"
    }
}
