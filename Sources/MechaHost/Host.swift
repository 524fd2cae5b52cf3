import Logging
import MechaCore
import MechaInvocation
import MechaWire

/// What the apps of one process share.
public final class Host: Sendable {
    public let loops: EventLoops
    public let client: HTTPClient
    public let catalog: ComponentCatalog
    /// All apps of the process, for calls among them.
    public let apps = LocalApps()
    /// What functions call each other by, beside their names.
    public let aliases = AppAliases()
    /// Changes of state that apps of the process make.
    public let stateChanges = StateChanges()
    public let clock: any MechaClock
    /// The machine's name, as other runtimes are told it.
    public let hostName: String
    /// Folder for the embedded defaults.
    public let dataDirectory: String
    /// Environment variables, read once.
    public let environment: [String: String]

    let componentPool = ComponentPool()
    private let logger: @Sendable (_ app: AppOptions, _ scope: String) -> Logger

    public init(
        loops: EventLoops, client: HTTPClient, catalog: ComponentCatalog,
        clock: any MechaClock = SystemClock(), hostName: String, dataDirectory: String, environment: [String: String],
        logger: @escaping @Sendable (_ app: AppOptions, _ scope: String) -> Logger
    ) {
        self.loops = loops
        self.client = client
        self.catalog = catalog
        self.clock = clock
        self.hostName = hostName
        self.dataDirectory = dataDirectory
        self.environment = environment
        self.logger = logger
    }

    func componentEnvironment(name: String, app: AppOptions) -> ComponentEnvironment {
        ComponentEnvironment(
            name: name, eventLoopGroup: loops.group, logger: makeLogger(app, "dapr.contrib"), clock: clock,
            dataDirectory: dataDirectory, appID: app.appID, namespace: app.namespace,
            workingDirectory: app.workingDirectory)
    }

    func makeLogger(_ app: AppOptions, _ scope: String) -> Logger { logger(app, scope) }
}
