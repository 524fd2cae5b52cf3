import Logging
import MechaCore
import MechaInvocation
import MechaManifest
import MechaMessaging
import MechaPolicies
import MechaTelemetry
import MechaWire
import Synchronization

/// One app of the process, and everything that a front end may ask for on its behalf.
///
/// Front ends call capabilities through this and never a component, so that prefixes, scopes, encryption,
/// metrics and policies are applied in one place. Nothing of it is global: a process hosts many.
public final class AppRuntime: Sendable {
    public let options: AppOptions
    public let host: Host
    public let logger: Logger
    public let telemetry: AppTelemetry
    /// The app as calls reach it.
    public let app: LocalApp
    /// What the app is subscribed to.
    public let subscriptions: SubscriptionManager
    /// `httpPipeline`: what requests to the API go through.
    public let apiPipeline = HTTPPipelineSlot()
    /// `appHttpPipeline`: what requests to an app that speaks HTTP go through, and those to HTTP endpoints.
    let appPipeline = HTTPPipelineSlot()
    let inputBindings: InputBindings
    let deliveryContext: DeliveryContext
    var clock: any MechaClock { host.clock }

    private struct State {
        var snapshot = AppSnapshot()
        var invoker: Invoker?
        var membership: Membership?
        var labels: [String: String] = [:]
        /// What calls the app beside what the files declare; nil for an app that is no function.
        var triggers: AppTriggers?
        /// What the app itself asked to subscribe to; nil until it was asked.
        var programmatic: [TopicSubscription]?
        var isDelivering = false
        var isOutboundReady = false
        var isDraining = false
        var onShutdownRequest: (@Sendable (_ force: Bool) -> Void)?
    }

    private let state = Mutex(State())

    /// Components are loaded by ``loadInitial(_:)``.
    ///
    /// - Parameters:
    ///   - channel: the way to an app that has no port, such as a function of this process.
    ///   - triggers: what calls such an app beside what the files declare.
    public init(
        options: AppOptions, configuration: ConfigurationSpec, telemetry: AppTelemetry, logger: Logger, host: Host,
        channel: (any AppChannel)? = nil, triggers: AppTriggers? = nil
    ) {
        self.options = options
        self.host = host
        self.logger = logger
        self.telemetry = telemetry
        let address = AppAddress(appID: options.appID, namespace: options.namespace)
        let appPipeline = appPipeline
        app = LocalApp(
            address: address,
            channel: channel
                ?? options.appPort.map { port in
                    let endpoint = AppEndpoint(
                        app: address, host: options.appChannelAddress, port: port, appProtocol: options.appProtocol,
                        token: options.appAPIToken)
                    return options.appProtocol.isGRPC
                        ? GRPCAppChannel(endpoint, client: host.client)
                        : HTTPAppChannel(endpoint, client: host.client, pipeline: appPipeline)
                },
            maxConcurrency: options.appMaxConcurrency, probes: options.health, clock: host.clock,
            observer: InvocationTelemetry(telemetry.metrics))
        let reference = RuntimeReference()
        deliveryContext = DeliveryContext(
            appID: options.appID, clock: host.clock, logger: host.makeLogger(options, "dapr.runtime.processor.subscription"),
            tracer: telemetry.tracer, metrics: telemetry.metrics.pubsub, bindingMetrics: telemetry.metrics.inputBindings,
            policy: InboundPolicies(reference))
        subscriptions = SubscriptionManager(target: app, context: deliveryContext)
        inputBindings = InputBindings(app: app, context: deliveryContext) { binding, answer in
            try await reference.runtime?.follow(answer, of: binding)
        }
        reference.runtime = self
        state.withLock { $0.triggers = triggers }
        swap(to: AppSnapshot(configuration: configuration))
    }

    public var address: AppAddress { app.address }

    // MARK: - Snapshot

    var snapshot: AppSnapshot { state.withLock { $0.snapshot } }

    /// A part of the snapshot. What every request asks for is asked this way, because a copy of the whole costs more
    /// than the rest of a small request.
    func inForce<Part>(_ part: (borrowing AppSnapshot) -> Part) -> Part { state.withLock { part($0.snapshot) } }

    /// The policies in force.
    package var policies: PolicyTable { inForce { $0.policies } }

    /// The merged Configuration resources in force.
    public var configuration: ConfigurationSpec { snapshot.configuration }

    func swap(to snapshot: AppSnapshot) {
        state.withLock { $0.snapshot = snapshot }
        app.access.replace(AccessRules(snapshot.configuration.accessControl)) { [metrics = telemetry.metrics.accessControl] decision in
            metrics.decided(
                allowed: decision.isAllowed, isAppPolicy: decision.isAppPolicy, trustDomain: decision.trustDomain,
                namespace: decision.namespace)
        }
    }

    // MARK: - Health

    /// Components are up: calls may go out.
    public var isOutboundReady: Bool { state.withLock { $0.isOutboundReady && !$0.isDraining } }

    /// Components are up and the app answers.
    public var isReady: Bool { isOutboundReady && (app.health?.isHealthy ?? true) }

    public func becomeOutboundReady() { state.withLock { $0.isOutboundReady = true } }

    /// From now on health says "not ready".
    public func beginDraining() { state.withLock { $0.isDraining = true } }

    // MARK: - Invocation

    /// Makes the app's calls to others; nil until the app's components are loaded.
    public var invoker: Invoker? { state.withLock { $0.invoker } }

    public func install(_ invoker: Invoker) { state.withLock { $0.invoker = invoker } }

    func keep(_ membership: Membership) { state.withLock { $0.membership = membership } }

    func takeMembership() -> Membership? {
        state.withLock { state in
            defer { state.membership = nil }
            return state.membership
        }
    }

    // MARK: - Messaging

    var programmaticSubscriptions: [TopicSubscription] { state.withLock { $0.programmatic ?? [] } }

    var triggers: AppTriggers? {
        get { state.withLock { $0.triggers } }
        set { state.withLock { $0.triggers = newValue } }
    }

    func learned(_ subscriptions: [TopicSubscription]) { state.withLock { $0.programmatic = subscriptions } }

    /// Whether deliveries have begun, so that a reload must bring them into line.
    var isDelivering: Bool {
        get { state.withLock { $0.isDelivering } }
        set { state.withLock { $0.isDelivering = newValue } }
    }

    // MARK: - Shutdown

    public func onShutdownRequest(_ action: @escaping @Sendable (_ force: Bool) -> Void) {
        state.withLock { $0.onShutdownRequest = action }
    }

    /// The app asked for the process to end (`POST /v1.0/shutdown`).
    public func requestShutdown(force: Bool) {
        guard let action = state.withLock({ $0.onShutdownRequest }) else { return }
        // The answer to the request goes out first.
        Task { [clock] in
            try? await clock.sleep(for: .milliseconds(100))
            action(force)
        }
    }

    // MARK: - Metadata

    /// Labels beyond these are refused, so that no client can grow the process.
    public static let maximumLabels = 1_000
    public static let maximumLabelBytes = 16 << 10

    public func setMetadata(_ key: String, _ value: String) throws {
        guard key.utf8.count + value.utf8.count <= Self.maximumLabelBytes else {
            throw CapabilityError(.resourceExhausted, "a metadata label is longer than \(Self.maximumLabelBytes) bytes")
        }
        try state.withLock { state in
            guard state.labels[key] != nil || state.labels.count < Self.maximumLabels else {
                throw CapabilityError(.resourceExhausted, "there are \(Self.maximumLabels) metadata labels already")
            }
            state.labels[key] = value
        }
    }

    public func metadata() async -> RuntimeMetadata {
        let subscribed = await subscriptions.subscriptions
        let (snapshot, labels) = state.withLock { ($0.snapshot, $0.labels) }
        var extended = labels
        extended["daprRuntimeVersion"] = MechaVersion.daprCompatibility
        return RuntimeMetadata(
            appID: options.appID,
            runtimeVersion: MechaVersion.daprCompatibility,
            enabledFeatures: snapshot.configuration.features.filter(\.value).map(\.key).sorted(),
            components: snapshot.components.map {
                .init(name: $0.name, type: $0.descriptor.type, version: $0.resource.spec.version, capabilities: $0.capabilities)
            },
            extended: extended,
            httpEndpoints: snapshot.resources.httpEndpoints.map(\.name),
            subscriptions: subscribed, resiliencies: snapshot.resources.resiliencies.map(\.name),
            appConnection: .init(
                port: options.appPort, protocolName: options.appProtocol.rawValue,
                channelAddress: options.appChannelAddress, maxConcurrency: options.appMaxConcurrency,
                health: options.health.isEnabled ? options.health : nil))
    }
}
