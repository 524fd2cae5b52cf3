import MechaCore
import MechaTelemetry
import MechaWire
import NIOCore
import NIOHTTP1

/// A request that came in and is to be carried on to a callee as it streams.
///
/// A handle of few words, since it passes through many hands: copies are the same call, but for the attempt that each
/// stands for. What is to be filled in is filled in on the exchange's loop, before the call is on its way.
public struct StreamedCall: Sendable {
    private let facts: Facts
    /// The attempt under a policy that this is; nil without one.
    var policed: PolicedCall.Attempt?

    public init(
        _ exchange: ServerExchange, kind: CallKind = .invocation, method: MethodPath, caller: AppAddress? = nil,
        trace: TraceContext? = nil, bodyBytesAtMost: Int? = nil, responseHeaders: HTTPHeaders = [:],
        onFailure: @escaping @Sendable (ServerExchange, InvocationError) -> Void
    ) {
        facts = Facts(
            exchange, kind: kind, method: method, caller: caller, trace: trace, bodyBytesAtMost: bodyBytesAtMost,
            responseHeaders: responseHeaders, onFailure: onFailure)
    }

    /// What copies share. Lives on the exchange's loop; hence the unchecked Sendable.
    private final class Facts: @unchecked Sendable {
        let exchange: ServerExchange
        let kind: CallKind
        let method: MethodPath
        var caller: AppAddress?
        let trace: TraceContext?
        let bodyBytesAtMost: Int?
        let responseHeaders: HTTPHeaders
        var isFromPeer = false
        var carriesMetadata = false
        var namesVerb = true
        var forwarder: Forwarder?
        let startedAt = NIODeadline.now().uptimeNanoseconds
        let onFailure: @Sendable (ServerExchange, InvocationError) -> Void

        init(
            _ exchange: ServerExchange, kind: CallKind, method: MethodPath, caller: AppAddress?, trace: TraceContext?,
            bodyBytesAtMost: Int?, responseHeaders: HTTPHeaders, onFailure: @escaping @Sendable (ServerExchange, InvocationError) -> Void
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
    }

    public var exchange: ServerExchange { facts.exchange }
    public var kind: CallKind { facts.kind }
    public var method: MethodPath { facts.method }
    /// Who calls; nil when unknown.
    public var caller: AppAddress? {
        get { facts.caller }
        nonmutating set { facts.caller = newValue }
    }
    /// Sent on in place of the trace headers that came in; nil passes those on.
    public var trace: TraceContext? { facts.trace }
    /// Largest request body; nil for no bound, since nothing holds the body.
    public var bodyBytesAtMost: Int? { facts.bodyBytesAtMost }
    /// Added to the response unless the callee sends them itself.
    public var responseHeaders: HTTPHeaders { facts.responseHeaders }
    /// Whether another runtime sent the call and understands our marks.
    var isFromPeer: Bool {
        get { facts.isFromPeer }
        nonmutating set { facts.isFromPeer = newValue }
    }
    /// Whether the headers are metadata of a gRPC caller rather than headers of HTTP.
    package var carriesMetadata: Bool {
        get { facts.carriesMetadata }
        nonmutating set { facts.carriesMetadata = newValue }
    }
    /// False when a gRPC caller named no HTTP verb.
    var namesVerb: Bool {
        get { facts.namesVerb }
        nonmutating set { facts.namesVerb = newValue }
    }
    /// Told to callees other than the caller itself.
    var forwarder: Forwarder? {
        get { facts.forwarder }
        nonmutating set { facts.forwarder = newValue }
    }
    /// Nanoseconds of the monotonic clock when the call began.
    var startedAt: UInt64 { facts.startedAt }
    /// Answers the caller when the call failed before a response began. Called on the exchange's loop.
    public var onFailure: @Sendable (ServerExchange, InvocationError) -> Void { facts.onFailure }

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
