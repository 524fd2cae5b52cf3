import MechaCore
import NIOHTTP1

/// Hears of calls and probes, for metrics, logs and traces. All methods are cheap and are called on event loops.
public protocol InvocationObserver: Sendable {
    /// A call leaves this runtime: for its app, a peer, an endpoint.
    func callBegan(_ leg: CallLeg, caller: AppAddress?, callee: String, kind: CallKind)
    func callEnded(_ report: CallReport)
    /// A health probe was answered, or not.
    func appProbed(_ app: AppAddress, isHealthy: Bool, status: Int, nanoseconds: UInt64)
    func appHealthChanged(_ app: AppAddress, isHealthy: Bool)
}

/// Where a call goes from here.
public enum CallLeg: Sendable, Hashable {
    /// To an app of this process.
    case app
    /// To the runtime of the app.
    case peer
    /// To an HTTPEndpoint or URL.
    case endpoint
}

/// In which form a call is carried.
public enum CallKind: Sendable, Hashable {
    /// A request and a response as HTTP has them; an app that speaks gRPC gets OnInvoke.
    case invocation
    /// A gRPC call that the app itself serves (section 2.3 of the Dapr surface).
    case grpcProxy
}

/// One call that is over.
public struct CallReport: Sendable {
    public var leg: CallLeg
    public var kind: CallKind
    /// Nil when the caller did not say who it is.
    public var caller: AppAddress?
    /// App id, endpoint name or host.
    public var callee: String
    public var verb: HTTPMethod
    /// The request target that the callee got.
    public var target: String
    /// HTTP status; 0 when there was no response.
    public var status: Int
    public var sentBytes: Int
    public var receivedBytes: Int
    public var nanoseconds: UInt64
    public var failure: InvocationError?
}

/// Observes nothing.
public struct SilentInvocationObserver: InvocationObserver {
    public init() {}
    public func callBegan(_ leg: CallLeg, caller: AppAddress?, callee: String, kind: CallKind) {}
    public func callEnded(_ report: CallReport) {}
    public func appProbed(_ app: AppAddress, isHealthy: Bool, status: Int, nanoseconds: UInt64) {}
    public func appHealthChanged(_ app: AppAddress, isHealthy: Bool) {}
}
