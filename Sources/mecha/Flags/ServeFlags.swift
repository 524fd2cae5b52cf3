import ArgumentParser
import MechaHost

/// The flags of `serve` and `daprd` (section 3.1 of the Dapr surface).
struct ServeFlags: ParsableArguments {
    @OptionGroup var app: AppFlags
    @OptionGroup var runtime: RuntimeFlags

    @Option(name: .customLong("dapr-internal-grpc-listen-address"), help: "The address for other runtimes (default: 127.0.0.1).")
    var internalListenAddress: String?

    @Option(help: "A port that answers metadata and health only (default: off).")
    var daprPublicPort: PortNumber?

    @Option(help: "The address of the public port (default: 127.0.0.1).")
    var daprPublicListenAddress: String?

    @Flag(name: .customLong("enable-metrics"), inversion: .prefixedNo, help: "Serve Prometheus metrics.")
    var isMetricsEnabled = true

    @Option(help: "The address of the metrics port (default: 127.0.0.1).")
    var metricsListenAddress: String?

    @Option(help: "Origins that browsers may call from: * or a comma list (default: none).")
    var allowedOrigins: String?

    @Option(
        name: .customLong("dapr-graceful-shutdown-seconds"), help: "Seconds that requests may take after a shutdown began (default: 5).")
    var gracefulShutdownSeconds: Int?

    @Option(name: .customLong("dapr-block-shutdown-duration"), help: "How long a shutdown is held back, like 10s (default: off).")
    var blockShutdown: DurationText?

    @Option(help: "Endpoints of the app that are not asked at start: config, subscribe.")
    var disableInitEndpoints: String?

    @Option(help: "Only 'standalone' is supported.")
    var mode: String?

    @Flag(name: .customLong("enable-mtls"), help: .hidden)
    var isMTLSEnabled = false

    @Flag(name: .customLong("log-as-json"), help: "Log as JSON.")
    var isLogJSON = false

    @Option(help: "Log to this file instead of standard output.")
    var logFile: String?

    @Flag(name: .customLong("wait"), help: "Wait until the runtime on --dapr-http-port is ready, then exit.")
    var isWaiting = false

    @Flag(name: .customLong("version"), help: "Print the version.")
    var isVersionAsked = false

    @Flag(name: .customLong("build-info"), help: "Print what was built.")
    var isBuildInfoAsked = false
}
