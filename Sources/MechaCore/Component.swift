import Logging
import NIOCore

/// A replaceable implementation of one or more capabilities (a Redis state store, a file of secrets, ...).
///
/// Life: made by its ``ComponentDescriptor`` (which decodes and validates metadata and does no I/O),
/// `start()`ed once, used from many tasks at once, `close()`d once. A component whose backend is away
/// starts nevertheless, answers calls with ``CapabilityError/Code/unavailable`` and reconnects by itself.
public protocol Component: Sendable {
    /// What the component knows of its backend now; cheap, never blocks.
    var status: ComponentStatus { get }

    /// Begins work. Throws only for what waiting cannot mend (a file that may not be written, a
    /// malformed certificate); a backend that cannot be reached yet is not an error.
    func start() async throws

    /// Finishes what is under way, then releases connections, threads and files. Later calls fail with
    /// ``CapabilityError/Code/closed``.
    func close() async
}

/// How a component stands with its backend.
public struct ComponentStatus: Sendable, Equatable {
    public enum Phase: String, Sendable {
        case ready, connecting, closed
    }

    public var phase: Phase
    /// Why it is not ready, in words for an operator.
    public var reason: String?

    public init(_ phase: Phase, reason: String? = nil) {
        self.phase = phase
        self.reason = reason
    }

    public static let ready = ComponentStatus(.ready)
}

/// What a component is given to live on.
public struct ComponentEnvironment: Sendable {
    /// The component's `metadata.name`.
    public var name: String
    /// The process's event loops. A driver keeps a connection per loop and serves a call on the loop
    /// that it was made on (`MultiThreadedEventLoopGroup.currentEventLoop`).
    public var eventLoopGroup: any EventLoopGroup
    public var logger: Logger
    public var clock: any MechaClock
    /// Folder for files that must survive a restart.
    public var dataDirectory: String
    /// Id and namespace of the app that the component was loaded for.
    public var appID: String
    public var namespace: String
    /// Folder against which relative paths in metadata are resolved.
    public var workingDirectory: String

    public init(
        name: String, eventLoopGroup: any EventLoopGroup, logger: Logger, clock: any MechaClock = SystemClock(),
        dataDirectory: String, appID: String, namespace: String = "", workingDirectory: String = "."
    ) {
        self.name = name
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        self.clock = clock
        self.dataDirectory = dataDirectory
        self.appID = appID
        self.namespace = namespace
        self.workingDirectory = workingDirectory
    }
}
