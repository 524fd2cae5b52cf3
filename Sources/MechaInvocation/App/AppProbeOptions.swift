/// How an app's health is found out (`--enable-app-health-check` and what belongs to it).
public struct AppProbeOptions: Sendable, Equatable {
    /// False only waits until the app's port answers.
    public var isEnabled = false
    public var path = "/healthz"
    public var interval = Duration.seconds(5)
    public var timeout = Duration.milliseconds(500)
    /// Consecutive failures after which the app counts as unhealthy.
    public var threshold = 3

    public init() {}
}
