/// What the argument normalizer must know of a command's flags. Written by hand, because asking the
/// parser for it would cost start-up time; a test compares it with the declared flags.
struct FlagTable: Sendable {
    /// Flags that take a value, by their long names.
    var values: Set<String>
    /// Flags that are on when named.
    var switches: Set<String>
    /// Switches that are on by default and turned off by `--no-<name>`.
    var invertible: Set<String> = []
    var shorts: [Character: String]
    /// Flags of Dapr that have no meaning here and are taken without a word.
    var ignoredValues: Set<String> = []
    var ignoredSwitches: Set<String> = []
    var ignoredShorts: [Character: String] = [:]
    /// Declared flags that are answered with the reason why they cannot be had.
    var refused: Set<String> = []
    /// Declared flags that change nothing here.
    var withoutEffect: Set<String> = []

    private static let appValues: Set<String> = [
        "app-id", "app-port", "app-protocol", "app-channel-address", "app-max-concurrency",
        "dapr-http-port", "dapr-grpc-port", "dapr-internal-grpc-port", "dapr-listen-addresses", "unix-domain-socket",
        "max-body-size", "read-buffer-size", "dapr-http-max-request-size", "dapr-http-read-buffer-size",
        "config", "resources-path", "components-path",
        "app-health-check-path", "app-health-probe-interval", "app-health-probe-timeout", "app-health-threshold",
        "metrics-port", "functions-port", "log-level", "data-dir", "event-loops",
    ]
    private static let appSwitches: Set<String> = ["app-ssl", "enable-app-health-check", "enable-api-logging"]
    private static let appShorts: [Character: String] = [
        "a": "app-id", "p": "app-port", "P": "app-protocol", "H": "dapr-http-port", "G": "dapr-grpc-port",
        "I": "dapr-internal-grpc-port", "M": "metrics-port", "c": "config", "d": "components-path",
        "u": "unix-domain-socket",
    ]

    /// `mecha run` (section 3.3 of the Dapr surface).
    static let run = FlagTable(
        values: appValues.union(["run-file"]),
        switches: appSwitches.union(["kubernetes"]),
        shorts: appShorts.merging(["f": "run-file", "k": "kubernetes"]) { $1 },
        ignoredValues: ["placement-host-address", "scheduler-host-address", "profile-port"],
        ignoredSwitches: ["enable-profiling"],
        refused: ["kubernetes"])

    /// `mecha serve`, and `daprd` (section 3.1 of the Dapr surface).
    static let serve = FlagTable(
        values: appValues.union([
            "dapr-internal-grpc-listen-address", "dapr-public-port", "dapr-public-listen-address",
            "metrics-listen-address", "allowed-origins", "dapr-graceful-shutdown-seconds",
            "dapr-block-shutdown-duration", "disable-init-endpoints", "mode", "log-file",
        ]),
        switches: appSwitches.union(["log-as-json", "enable-mtls", "build-info", "wait", "version"]),
        invertible: ["enable-metrics"],
        shorts: appShorts,
        ignoredValues: [
            "placement-host-address", "scheduler-host-address", "scheduler-job-streams", "actors-disseminate-timeout",
            "control-plane-address", "sentry-address", "control-plane-trust-domain", "control-plane-namespace",
            "sentry-request-jwt-audiences", "app-binding-options-timeout", "hot-reload-reconcile-interval",
            "profile-port", "reminders-service", "actors-service", "runtime-path",
        ],
        ignoredSwitches: ["enable-profiling", "disable-builtin-k8s-secret-store"],
        refused: ["enable-mtls"])
}
