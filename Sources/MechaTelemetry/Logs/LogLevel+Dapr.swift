import Logging

extension Logger.Level {
    /// The level above error: the process is about to end. swift-log calls it critical.
    public static var fatal: Logger.Level { .critical }

    /// Reads `--log-level`: debug, info, warn, warning, error, fatal or panic in any case; nil for anything else.
    public init?(daprName: String) {
        switch daprName.lowercased() {
        case "debug": self = .debug
        case "info": self = .info
        case "warn", "warning": self = .warning
        case "error": self = .error
        case "fatal", "panic": self = .fatal
        default: return nil
        }
    }

    /// The name in log lines. Dapr has five levels, so trace shows as debug and notice as info.
    public var daprName: String {
        switch self {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warning"
        case .error: "error"
        case .critical: "fatal"
        }
    }
}
