import ArgumentParser
import MechaHost

/// Flags that describe one app and its listeners, shared by `run` and `serve`.
struct AppFlags: ParsableArguments {
    @Option(name: [.customShort("a"), .customLong("app-id")], help: "The app's id, by which others call it.")
    var appID: String?

    @Option(name: [.customShort("p"), .long], help: "The port that the app listens on.")
    var appPort: PortNumber?

    @Option(
        name: [.customShort("P"), .long],
        help: "How the app is talked to (default: http).")
    var appProtocol: AppProtocolName?

    @Flag(name: .customLong("app-ssl"), help: .hidden)
    var isAppTLS = false

    @Option(help: "The address that the app listens on (default: 127.0.0.1).")
    var appChannelAddress: String?

    @Option(help: "Calls to the app under way at once; -1 for no limit (default: -1).")
    var appMaxConcurrency: Int?

    @Option(name: [.customShort("H"), .customLong("dapr-http-port")], help: "The port of the HTTP API.")
    var daprHTTPPort: PortNumber?

    @Option(name: [.customShort("G"), .customLong("dapr-grpc-port")], help: "The port of the gRPC API.")
    var daprGRPCPort: PortNumber?

    @Option(
        name: [.customShort("I"), .customLong("dapr-internal-grpc-port")], help: "The port for other runtimes (default: a free one).")
    var daprInternalGRPCPort: PortNumber?

    @Option(help: "Addresses that the APIs listen on, separated by commas (default: 127.0.0.1).")
    var daprListenAddresses: String?

    @Option(name: [.customShort("u"), .long], help: "A folder for Unix sockets, which then replace the API ports.")
    var unixDomainSocket: String?

    @Option(help: "The largest request body (default: 4Mi).")
    var maxBodySize: ByteCount?

    @Option(help: "The largest header block of a request (default: 4Ki).")
    var readBufferSize: ByteCount?

    @Option(name: .customLong("dapr-http-max-request-size"), help: .hidden)
    var maximumBodyMegabytes: Int?

    @Option(name: .customLong("dapr-http-read-buffer-size"), help: .hidden)
    var maximumHeaderKilobytes: Int?

    @Option(name: [.customShort("c"), .long], help: "A Configuration file; may be given again.")
    var config: [String] = []

    @Option(help: "A folder or file of resources; may be given again.")
    var resourcesPath: [String] = []

    @Option(name: [.customShort("d"), .long], help: .hidden)
    var componentsPath: [String] = []

    @Flag(name: .customLong("enable-app-health-check"), help: "Probe the app's health.")
    var isAppHealthChecked = false

    @Option(help: "The path of the health probe (default: /healthz).")
    var appHealthCheckPath: String?

    @Option(help: "Seconds between health probes (default: 5).")
    var appHealthProbeInterval: Int?

    @Option(help: "Milliseconds that a health probe may take (default: 500).")
    var appHealthProbeTimeout: Int?

    @Option(help: "Failures in a row that make the app unhealthy (default: 3).")
    var appHealthThreshold: Int?

    @Flag(name: .customLong("enable-api-logging"), help: "Log every API call.")
    var isAPILogged = false
}
