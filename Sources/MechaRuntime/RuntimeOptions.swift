import MechaCore
import MechaHost

/// What a runtime process is to do: the apps that it hosts and what they share.
public struct RuntimeOptions: Sendable {
    public var apps: [AppOptions]

    /// Event loops (threads) that serve all apps; nil for one per core, at most four.
    public var eventLoopCount: Int?
    /// Folder for the embedded defaults (SQLite state, local registry, secrets).
    public var dataDirectory: String

    /// Prometheus listener; 0 picks a free port, nil is off.
    public var metricsPort: Int? = 9090
    public var metricsListenAddress: String = "127.0.0.1"

    /// Where functions answer requests; opened with the first function.
    public var functionsPort = FunctionsPort()
    /// Path of the Unix socket at which the process's functions are deployed and changed; nil for none.
    public var adminSocket: String?

    public var logLevel: String = "info"
    public var isLogJSON: Bool = false
    /// Log lines go here instead of standard output.
    public var logFile: String?

    public init(apps: [AppOptions], dataDirectory: String) {
        self.apps = apps
        self.dataDirectory = dataDirectory
    }
}
