import NIOCore

/// A way out of the app to some system: `bindings.http`, `bindings.redis`, ...
public protocol OutputBinding: Component {
    /// Names of what it can do (`create`, `get`, `delete`, `list`, ...).
    var operations: [String] { get }

    /// Throws ``CapabilityError``: `unsupported` for an operation that is not one of ``operations``.
    func invoke(_ request: BindingRequest) async throws -> BindingResponse
}

/// A way into the app from some system: `bindings.cron`, `bindings.kafka`, ...
public protocol InputBinding: Component {
    /// Begins to hand over events. As with ``PubSub/subscribe(_:_:)``, a source that is away is no error.
    func read(_ handler: @escaping BindingHandler) async throws -> any MessageFeed
}

/// What takes an event of an input binding. Calls may overlap where the source allows.
public typealias BindingHandler = @Sendable (BindingEvent) async -> BindingOutcome

/// What an app asks of an output binding.
public struct BindingRequest: Sendable {
    public var operation: String
    public var data: ByteBuffer
    public var metadata: [String: String]

    public init(operation: String, data: ByteBuffer = ByteBuffer(), metadata: [String: String] = [:]) {
        self.operation = operation
        self.data = data
        self.metadata = metadata
    }

    /// The metadata value of `key`, whose letters may be of either case.
    public func value(_ key: String) -> String? {
        metadata[key] ?? metadata.first { $0.key.lowercased() == key.lowercased() }?.value
    }
}

/// What an output binding gives back.
public struct BindingResponse: Sendable {
    /// Nil when the operation has no result.
    public var data: ByteBuffer?
    public var contentType: String?
    public var metadata: [String: String]

    public init(data: ByteBuffer? = nil, contentType: String? = nil, metadata: [String: String] = [:]) {
        self.data = data
        self.contentType = contentType
        self.metadata = metadata
    }
}

/// What an input binding brings.
public struct BindingEvent: Sendable {
    public var data: ByteBuffer
    public var contentType: String?
    public var metadata: [String: String]

    public init(data: ByteBuffer = ByteBuffer(), contentType: String? = nil, metadata: [String: String] = [:]) {
        self.data = data
        self.contentType = contentType
        self.metadata = metadata
    }
}

/// How the app took an event.
public enum BindingOutcome: Sendable {
    /// Taken; the app's answer, for sources that wait for one.
    case acknowledge(ByteBuffer?)
    /// Not taken: bring it again where the source can.
    case redeliver
}
