/// The programs, commands and flags of the reference (section 3 of the Dapr surface).
enum ReferenceCommandLine {
    struct Command: Sendable {
        var name: String
        /// Long names.
        var flags: [String]
    }

    /// The `daprd` program.
    static let daprd = Command(
        name: "daprd",
        flags: [
            "app-id", "app-port", "app-protocol", "app-channel-address", "dapr-http-port", "dapr-grpc-port", "dapr-internal-grpc-port",
            "dapr-internal-grpc-listen-address", "dapr-listen-addresses", "dapr-public-port", "dapr-public-listen-address", "metrics-port",
            "metrics-listen-address", "enable-metrics", "profile-port", "enable-profiling", "resources-path", "components-path", "config",
            "mode", "placement-host-address", "scheduler-host-address", "scheduler-job-streams", "actors-disseminate-timeout",
            "control-plane-address", "sentry-address", "control-plane-trust-domain", "control-plane-namespace", "enable-mtls",
            "sentry-request-jwt-audiences", "max-body-size", "read-buffer-size", "app-max-concurrency", "unix-domain-socket",
            "dapr-graceful-shutdown-seconds", "dapr-block-shutdown-duration", "enable-app-health-check", "app-health-check-path",
            "app-health-probe-interval", "app-health-probe-timeout", "app-health-threshold", "app-binding-options-timeout",
            "disable-init-endpoints", "enable-api-logging", "disable-builtin-k8s-secret-store", "hot-reload-reconcile-interval",
            "allowed-origins", "log-level", "log-as-json", "log-file", "version", "build-info", "wait", "reminders-service",
            "actors-service", "app-ssl", "dapr-http-max-request-size", "dapr-http-read-buffer-size",
        ])

    /// Flags of `dapr` that every command takes.
    static let common = ["runtime-path", "log-as-json", "help"]

    /// The commands of `dapr`.
    static let commands = [
        Command(
            name: "run",
            flags: [
                "app-id", "app-port", "app-protocol", "dapr-http-port", "dapr-grpc-port", "dapr-internal-grpc-port", "metrics-port",
                "profile-port", "enable-profiling", "config", "resources-path", "components-path", "log-level", "app-max-concurrency",
                "max-body-size", "read-buffer-size", "unix-domain-socket", "enable-app-health-check", "app-health-check-path",
                "app-health-probe-interval", "app-health-probe-timeout", "app-health-threshold", "enable-api-logging",
                "dapr-listen-addresses", "app-channel-address", "placement-host-address", "scheduler-host-address", "run-file",
                "kubernetes",
            ]),
        Command(name: "list", flags: ["output"]),
        Command(name: "stop", flags: ["app-id", "run-file"]),
        Command(name: "invoke", flags: ["app-id", "method", "data", "data-file", "verb", "unix-domain-socket"]),
        Command(
            name: "publish", flags: ["publish-app-id", "pubsub", "topic", "data", "data-file", "metadata", "unix-domain-socket"]),
        Command(name: "init", flags: ["slim", "redis-stack", "scheduler-placement"]),
        Command(name: "uninstall", flags: []),
        Command(name: "components", flags: []),
        Command(name: "configurations", flags: []),
        Command(name: "version", flags: ["output"]),
        Command(name: "completion", flags: []),
    ]

    /// The commands that are here in no part.
    static let otherCommands = [
        "annotate", "build-info", "dashboard", "logs", "mcpservers", "mtls", "scheduler", "status", "upgrade", "workflow",
    ]
}
