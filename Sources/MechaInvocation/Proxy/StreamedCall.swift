import MechaCore
import MechaTelemetry
import MechaWire
import NIOCore
import NIOHTTP1

/// A request that came in and is to be carried on to a callee as it streams.
public struct StreamedCall: Sendable {
    public let exchange: ServerExchange
    public var kind: CallKind
    public var method: MethodPath
    /// Who calls; nil when unknown.
    public var caller: AppAddress?
    /// Sent on in place of the trace headers that came in; nil passes those on.
    public var trace: TraceContext?
    /// Largest request body; nil for no bound, since nothing holds the body.
    public var bodyBytesAtMost: Int?
    /// Added to the response unless the callee sends them itself.
    public var responseHeaders: HTTPHeaders
    /// Whether another runtime sent the call and understands our marks.
    var isFromPeer = false
    /// Whether the headers are metadata of a gRPC caller rather than headers of HTTP.
    package var carriesMetadata = false
    /// False when a gRPC caller named no HTTP verb.
    var namesVerb = true
    /// The attempt under a policy that this is; nil without one.
    var policed: PolicedCall.Attempt?
    /// Told to callees other than the caller itself.
    var forwarder: Forwarder?
    /// Nanoseconds of the monotonic clock when the call began.
    let startedAt = NIODeadline.now().uptimeNanoseconds
    /// Answers the caller when the call failed before a response began. Called on the exchange's loop.
    public var onFailure: @Sendable (ServerExchange, InvocationError) -> Void

    public init(
        _ exchange: ServerExchange, kind: CallKind = .invocation, method: MethodPath, caller: AppAddress? = nil,
        trace: TraceContext? = nil, bodyBytesAtMost: Int? = nil, responseHeaders: HTTPHeaders = [:],
        onFailure: @escaping @Sendable (ServerExchange, InvocationError) -> Void
    ) {
        self.exchange = exchange
        self.kind = kind
        self.method = method
        self.caller = caller
        self.trace = trace
        self.bodyBytesAtMost = bodyBytesAtMost
        self.responseHeaders = responseHeaders
        self.onFailure = onFailure
    }

    /// Tells the caller, unless it has a response already or is gone.
    func fail(_ error: InvocationError) {
        guard exchange.failure == nil, !exchange.hasResponded else { return }
        if let policed, policed.takesOver(error) { return }
        onFailure(exchange, error)
    }

    /// What is told about the call once it is over.
    func report(_ leg: CallLeg, callee: String, failure: InvocationError?) -> CallReport {
        CallReport(
            leg: leg, kind: kind, caller: caller, callee: callee, verb: exchange.head.method, target: method.target,
            status: Int(exchange.responseStatus?.code ?? 0), sentBytes: exchange.requestBodyBytes,
            receivedBytes: exchange.responseBodyBytes,
            nanoseconds: NIODeadline.now().uptimeNanoseconds - startedAt, failure: failure)
    }

    /// Whether the request has, or may have, a body.
    var hasBody: Bool { !exchange.isRequestComplete || exchange.requestBodyBytes > 0 }
}
