import MechaCore
import MechaTelemetry
import MechaWire

extension AppTelemetry {
    /// A gRPC call from its begin to its end.
    public struct FollowedCall: Sendable {
        let startedNanoseconds: UInt64
        var scope: TraceScope
        /// Goes on with what the call causes.
        public var context: TraceContext? { scope.context }
    }

    /// Begins to follow a call, in the trace that its metadata names: `traceparent`, or `grpc-trace-bin`.
    public func began(_ metadata: GRPCMetadata) -> FollowedCall {
        let incoming =
            metadata["traceparent"].flatMap { TraceContext(traceparent: $0, tracestate: metadata.values(of: "tracestate")) }
            ?? metadata.binary("grpc-trace-bin").flatMap { TraceContext(grpcTraceBin: $0) }
        return FollowedCall(startedNanoseconds: clock.monotonicNanoseconds(), scope: tracer.begin(.server, parent: incoming))
    }

    public func ended(
        _ call: FollowedCall, method: String, id: RouteID, status: Int, receivedBytes: Int, sentBytes: Int, userAgent: String?
    ) {
        let nanoseconds = clock.monotonicNanoseconds() - call.startedNanoseconds
        let family = id == .unknown ? metrics.grpcServer.method(named: method) : metrics.grpcServer.method(id)
        family.record(status: status, receivedBytes: receivedBytes, sentBytes: sentBytes, nanoseconds: nanoseconds)
        if var span = call.scope.span {
            span.name = method
            span.describeGRPC(method: method, status: status)
            tracer.end(span)
        }
        apiLog.grpcCalled(
            method: method, status: status, responseBytes: sentBytes, milliseconds: Int(nanoseconds / 1_000_000),
            userAgent: userAgent)
    }

    /// Follows a gRPC call that is proxied to an app; answers the trace context to send on.
    public func followProxied(_ exchange: ServerExchange) -> TraceContext? {
        let scope = tracer.begin(.server, parent: TraceContext(exchange.head.headers))
        let call = FollowedCall(startedNanoseconds: clock.monotonicNanoseconds(), scope: scope)
        exchange.onFinish = { [self] exchange in
            // The callee's status travels in trailers that are passed on unread.
            let isAnswered = exchange.responseStatus != nil
            ended(
                call, method: exchange.head.uri, id: .unknown, status: isAnswered ? 0 : 1,
                receivedBytes: exchange.requestBodyBytes, sentBytes: exchange.responseBodyBytes,
                userAgent: exchange.head.headers.first(name: "user-agent"))
        }
        return scope.context
    }
}
