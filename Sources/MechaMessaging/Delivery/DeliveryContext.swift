import Logging
import MechaCore
import MechaResiliency
import MechaTelemetry
import NIOCore

/// What delivery needs of the app's runtime.
public struct DeliveryContext: Sendable {
    public var appID: String
    public var clock: any MechaClock
    public var logger: Logger
    public var tracer: Tracer
    public var metrics: PubSubMetrics
    public var bindingMetrics: InputBindingMetrics
    public var policy: any DeliveryPolicy

    public init(
        appID: String, clock: any MechaClock, logger: Logger, tracer: Tracer, metrics: PubSubMetrics,
        bindingMetrics: InputBindingMetrics, policy: any DeliveryPolicy = NoDeliveryPolicy()
    ) {
        self.appID = appID
        self.clock = clock
        self.logger = logger
        self.tracer = tracer
        self.metrics = metrics
        self.bindingMetrics = bindingMetrics
        self.policy = policy
    }
}

/// What one attempt at a delivery came to.
public enum DeliveryAttempt: Sendable {
    case success
    /// Refused for good.
    case dropped
    case failed(CallFailure, String)
}

/// What kind of component brought what is delivered.
public enum DeliveryBlock: Sendable, Hashable {
    case pubsub, binding
}

/// The inbound policies of components: timeout, circuit breaker and retries around a delivery.
public protocol DeliveryPolicy: Sendable {
    /// Makes attempts until one is no failure or the policies end them. `deadline` is when an attempt times out.
    func run(
        component: String, _ block: DeliveryBlock, _ attempt: @escaping @Sendable (_ deadline: NIODeadline?) async -> DeliveryAttempt
    ) async -> DeliveryAttempt
}

/// One attempt, as long as it takes.
public struct NoDeliveryPolicy: DeliveryPolicy {
    public init() {}

    public func run(
        component: String, _ block: DeliveryBlock, _ attempt: @escaping @Sendable (_ deadline: NIODeadline?) async -> DeliveryAttempt
    ) async -> DeliveryAttempt {
        await attempt(nil)
    }
}
