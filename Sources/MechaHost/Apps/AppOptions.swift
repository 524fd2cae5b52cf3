import MechaCore
import MechaInvocation

/// How one app and its runtime listener are to be set up: the value form of `daprd`'s flags
/// (section 3.1 of the Dapr surface). A process hosts one ``AppOptions`` per app.
public struct AppOptions: Sendable {
    public var appID: String
    public var namespace: String = ""

    /// The port that the app listens on; nil when the app only calls out.
    public var appPort: Int?
    public var appProtocol: AppProtocol = .http
    public var appChannelAddress: String = "127.0.0.1"
    /// Calls to the app under way at once; further ones wait. Nil for no limit.
    public var appMaxConcurrency: Int?
    /// Sent to the app as `dapr-api-token`.
    public var appAPIToken: String?
    /// Endpoints of the app that are not asked at start: `config`, `subscribe`.
    public var disabledInitEndpoints: Set<String> = []
    /// How long an app may take to say which input bindings it wants.
    public var bindingDiscoveryTimeout: Duration = .seconds(3)

    /// Ports of the runtime's own listeners; 0 picks a free one.
    public var httpPort: Int = 3500
    public var grpcPort: Int = 50001
    /// Where other runtimes reach this one; 0 picks a free one.
    public var internalPort: Int = 0
    /// Port that serves only metadata and healthz; nil for off.
    public var publicPort: Int?
    /// Addresses that the API listeners bind to.
    public var listenAddresses: [String] = ["127.0.0.1"]
    public var publicListenAddress: String = "127.0.0.1"
    public var internalListenAddress: String = "127.0.0.1"
    /// Folder for `dapr-<appid>-http.socket` and `dapr-<appid>-grpc.socket`, which then replace the API ports.
    public var unixDomainSocketDirectory: String?
    /// What API clients must send as `dapr-api-token`; nil for no check.
    public var apiToken: String?
    /// CORS origins, `*` or a comma list; empty for CORS off.
    public var allowedOrigins: String = ""
    public var isH2CEnabled: Bool = true

    public var maximumBodyBytes: Int = 4 << 20
    public var maximumHeaderBytes: Int = 4 << 10

    /// Folders and files of resources (Component, Subscription, ...).
    public var resourcesPaths: [String] = []
    /// Configuration resources, merged in order.
    public var configPaths: [String] = []
    /// Against which relative paths are resolved.
    public var workingDirectory: String = "."
    public var isHotReloadEnabled: Bool = true

    /// Probing of the app (`--enable-app-health-check` and what belongs to it).
    public var health = AppProbeOptions()
    public var isAPILoggingEnabled: Bool = false
    /// How long requests under way may take after a shutdown began.
    public var gracefulShutdown: Duration = .seconds(5)
    /// How long a shutdown is held back before it begins; nil for off.
    public var blockShutdown: Duration?
    /// Put before each of the app's log lines when several apps share the process.
    public var logPrefix: String?
    /// The least severe of the app's lines that are logged; nil for the process's level.
    public var logLevel: String?
    /// The app's lines go to this file, which is appended to; nil for no file of its own.
    public var logFile: String?
    /// Whether the app's lines go where the process logs.
    public var isLogOnConsole: Bool = true

    public init(appID: String) { self.appID = appID }
}
