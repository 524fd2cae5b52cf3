import Logging
import MechaCore
import MechaTelemetry
import MechaWire

/// What the apps of one process share.
public final class Host: Sendable {
    public let loops: EventLoops
    public let client: HTTPClient
    public let catalog: ComponentCatalog
    public let surface: APISurface
    public let clock: any MechaClock
    /// Folder for the embedded defaults.
    public let dataDirectory: String
    /// Environment variables, read once.
    public let environment: [String: String]

    let componentPool = ComponentPool()
    private let loggerFactory: @Sendable (_ app: AppOptions, _ scope: String) -> Logger

    public init(
        loops: EventLoops, client: HTTPClient, catalog: ComponentCatalog, surface: APISurface,
        clock: any MechaClock = SystemClock(), dataDirectory: String, environment: [String: String],
        loggerFactory: @escaping @Sendable (_ app: AppOptions, _ scope: String) -> Logger
    ) {
        self.loops = loops
        self.client = client
        self.catalog = catalog
        self.surface = surface
        self.clock = clock
        self.dataDirectory = dataDirectory
        self.environment = environment
        self.loggerFactory = loggerFactory
    }

    func componentEnvironment(name: String, app: AppOptions) -> ComponentEnvironment {
        ComponentEnvironment(
            name: name, eventLoopGroup: loops.group, logger: makeLogger(app, "dapr.contrib"), clock: clock,
            dataDirectory: dataDirectory, appID: app.appID, namespace: app.namespace,
            workingDirectory: app.workingDirectory)
    }

    func makeLogger(_ app: AppOptions, _ scope: String) -> Logger { loggerFactory(app, scope) }
}
