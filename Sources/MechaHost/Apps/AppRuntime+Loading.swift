import MechaCore
import MechaManifest
import MechaMessaging
import MechaPolicies
import MechaTelemetry

extension AppRuntime {
    /// Why an app's resources could not be loaded, one line per problem.
    public struct LoadError: Error, Sendable, CustomStringConvertible {
        public var problems: [String]
        /// Whether the files are in order, so that declaring `ignoreErrors` would help.
        public var isOfComponents: Bool
        public var description: String { problems.joined(separator: "\n") }
    }

    /// Reads the resource files of the options. Blocks on the file system.
    public static func readResources(_ options: AppOptions, environment: [String: String]) -> ManifestReport {
        readFiles(options, environment: environment).visible(to: options)
    }

    /// Reads the same files whole: also what is for other apps.
    public static func readFiles(_ options: AppOptions, environment: [String: String]) -> ManifestReport {
        ManifestLoader(environment: environment).load(paths: options.resourcesPaths + options.configPaths)
    }

    /// Loads what the files declare; with no component declared at all, the embedded defaults.
    /// Throws ``LoadError`` when a file is wrong or a component that does not say `ignoreErrors` cannot be made.
    public func loadInitial(_ report: ManifestReport) async throws {
        for warning in report.warnings { logger.warning("\(warning)") }
        guard report.errors.isEmpty else { throw LoadError(problems: report.errors.map(\.description), isOfComponents: false) }
        let (failures, pipelineProblems) = await apply(report.resources)
        let fatal = failures.filter { !$0.resource.spec.ignoresErrors }
        guard fatal.isEmpty else { throw LoadError(problems: fatal.map(\.description), isOfComponents: true) }
        guard pipelineProblems.isEmpty else { throw LoadError(problems: pipelineProblems, isOfComponents: false) }
    }

    /// Takes over changed files. A file that is wrong changes nothing; a component that cannot be made
    /// leaves the one in its place that runs.
    public func reload(_ report: ManifestReport) async {
        for warning in report.warnings { logger.warning("\(warning)") }
        guard report.errors.isEmpty else {
            for error in report.errors { logger.error("resources are not reloaded: \(error)") }
            return
        }
        guard report.resources != snapshot.declared else { return }
        await apply(report.resources)
        logger.info("resources reloaded")
    }

    /// Replaces what calls a function beside what the files declare.
    public func replace(_ triggers: AppTriggers) async {
        guard self.triggers != triggers else { return }
        self.triggers = triggers
        if snapshot.isLoaded { await apply(snapshot.declared) }
    }

    /// Closes what the app uses.
    public func closeComponents() async {
        let last = snapshot
        // The access rules hold to the end.
        swap(to: AppSnapshot(configuration: last.configuration))
        for outbox in last.outboxes.values { await outbox.close() }
        for component in last.components.reversed() { await component.lease.end() }
    }

    @discardableResult
    private func apply(_ declared: ResourceSet) async -> (failures: [ComponentFailure], pipelineProblems: [String]) {
        let previous = snapshot
        var resources = declared
        if resources.components.isEmpty { resources.components = EmbeddedDefaults.components(dataDirectory: host.dataDirectory) }
        resources.components += triggers?.components ?? []
        let configuration = resources.configuration
        let loader = ComponentLoader(
            host: host, options: options, logger: logger, telemetry: telemetry, isQuiet: triggers != nil)
        var outcome = await loader.load(resources, denied: configuration.deniedComponents, previous: previous)

        var next = AppSnapshot(isLoaded: true, declared: declared, resources: resources, configuration: configuration)
        next.policies = policies(from: resources, for: outcome.loaded, previous: previous)
        func use(_ component: LoadedComponent) throws {
            try bind(component, into: &next)
            next.components.append(component)
        }
        for component in outcome.loaded {
            do {
                try use(component)
            } catch {
                outcome.failures.append(ComponentFailure(resource: component.resource, error: error))
            }
        }
        for failure in outcome.failures {
            logger.error("component not loaded: \(failure)")
            // What could not be replaced goes on running.
            if let running = previous.components.first(where: { $0.name == failure.resource.name }) { try? use(running) }
        }
        outcome.failures += await openOutboxes(&next, previous: previous)
        next.httpEndpoints = await loader.endpoints(resources.httpEndpoints, secrets: next.components)
        let pipelineProblems = buildPipelines(configuration, next.components, failed: outcome.failures)
        swap(to: next)
        for (name, outbox) in previous.outboxes where next.outboxes[name] !== outbox { await outbox.close() }
        // The first time the app is waited for (``runDelivery()``).
        if isDelivering { await applyMessaging() }
        // What was replaced closes from here on, each component after the last request that began with it.
        withExtendedLifetime(previous) {}
        return (outcome.failures, pipelineProblems)
    }

    /// Puts new pipelines in force. One with a problem stays as it was, since requests must not slip past a step.
    private func buildPipelines(
        _ configuration: ConfigurationSpec, _ components: [LoadedComponent], failed: [ComponentFailure]
    ) -> [String] {
        let builder = PipelineBuilder(components: components, failed: Set(failed.map(\.resource.name)))
        var problems: [String] = []
        for (name, handlers, slot) in [
            ("httpPipeline", configuration.httpPipeline, apiPipeline), ("appHttpPipeline", configuration.appHTTPPipeline, appPipeline),
        ] {
            do throws(PipelineBuilder.Problem) {
                let pipeline = try builder.pipeline(name, handlers)
                slot.replace(pipeline)
                if !pipeline.steps.isEmpty { logger.info("\(name): \(pipeline.steps.map(\.name).joined(separator: ", "))") }
            } catch {
                logger.error("\(error)")
                problems.append(error.description)
            }
        }
        for handler in (configuration.httpPipeline + configuration.appHTTPPipeline) where !handler.selector.isEmpty {
            logger.warning("the selector of the handler \(handler.name) is not applied: it takes part in every request")
        }
        return problems
    }

    private func policies(from resources: ResourceSet, for components: [LoadedComponent], previous: AppSnapshot) -> PolicyTable {
        let blocks = components.compactMap { component in component.block.map { (component.name, $0) } }
        let table = PolicyTable(
            resources.resiliencies, metrics: telemetry.metrics.resiliency, clock: clock,
            blocks: Dictionary(blocks) { $1 }, previous: previous.policies)
        for warning in table.warnings { logger.warning("\(warning)") }
        return table
    }

    private func bind(_ component: LoadedComponent, into snapshot: inout AppSnapshot) throws {
        (component.instance as? any AttachedComponent)?.attach(self)
        let outbound = component.block.flatMap { snapshot.policies.component(component.name, $0, .outbound) }
        if let store = component.instance as? any StateStore {
            snapshot.stateStores[component.name] = StateBinding(
                name: component.name, store: store,
                prefix: try KeyPrefix(
                    strategy: component.metadata.string("keyPrefix"), component: component.name, app: address),
                encryption: try StateEncryption(component), calls: telemetry.metrics.state.component(component.name), policy: outbound,
                lease: component.lease)
        }
        if let broker = component.instance as? any PubSub {
            let isNamespaced = component.resource.spec.metadata.contains { entry in
                if case .text(let text) = entry.value { text.contains("{namespace}") } else { false }
            }
            var binding = PubSubBinding(
                name: component.name, broker: broker, metadata: component.metadata, appID: options.appID, namespace: options.namespace,
                isNamespaced: isNamespaced)
            binding.policy = outbound
            snapshot.pubsubs[component.name] = binding
        }
        if let binding = component.instance as? any InputBinding,
            let source = try InputBindingSource(name: component.name, binding: binding, metadata: component.metadata)
        {
            snapshot.inputBindings.append(source)
        }
        if let binding = component.instance as? any OutputBinding, component.isOutput {
            snapshot.outputBindings[component.name] = binding
            snapshot.outputPolicies[component.name] = outbound
        }
        if let store = component.instance as? any SecretStore {
            snapshot.secretStores[component.name] = SecretBinding(
                store: store, scope: snapshot.configuration.secretScopes.first { $0.storeName == component.name },
                calls: telemetry.metrics.secrets.component(component.name), policy: outbound, lease: component.lease)
        }
    }
}

extension LoadedComponent {
    /// Nil when no policy applies to components of its kind.
    fileprivate var block: ComponentBlock? { ComponentBlock(typePrefix: descriptor.block) }

    /// Whether a binding's `direction` lets it be called.
    fileprivate var isOutput: Bool {
        let direction = metadata.string("direction")?.lowercased() ?? ""
        return direction.isEmpty || direction.contains("output")
    }
}

extension StateEncryption {
    /// Nil when the component names no key. A key is called like the secret that it comes from.
    fileprivate init?(_ component: LoadedComponent) throws {
        func key(_ field: String) throws -> Key? {
            guard let hex = component.metadata.string(field) else { return nil }
            let entry = component.resource.spec.metadata.first { $0.name.lowercased() == field.lowercased() }
            guard case .secret(let reference)? = entry?.value else {
                throw MetadataError(field: field, problem: "is written out", expected: "a secretKeyRef")
            }
            return try Key(name: reference.name, hex: hex, field: field)
        }
        let secondary = try key("secondaryEncryptionKey")
        guard let primary = try key("primaryEncryptionKey") else {
            if secondary != nil {
                throw MetadataError(
                    field: "primaryEncryptionKey", problem: "is missing", expected: "a key beside secondaryEncryptionKey")
            }
            return nil
        }
        self.init(primary: primary, secondary: secondary)
    }
}

extension ManifestReport {
    /// The report with those resources that are for an app.
    public func visible(to options: AppOptions) -> ManifestReport {
        var report = self
        report.resources = resources.visible(toAppID: options.appID, inNamespace: options.namespace)
        return report
    }
}
