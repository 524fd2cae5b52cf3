import MechaWire

/// One streamed call to a service outside of the mesh.
final class EndpointCall: CallOwner {
    private let call: StreamedCall
    private let endpoint: HTTPEndpoint
    private let observer: any InvocationObserver

    init(_ call: StreamedCall, _ endpoint: HTTPEndpoint, _ observer: any InvocationObserver) {
        self.call = call
        self.endpoint = endpoint
        self.observer = observer
    }

    func start(by client: HTTPClient, through pipeline: HTTPPipelineSlot) {
        observer.callBegan(.endpoint, caller: call.caller, callee: endpoint.name, kind: call.kind)
        let head = endpoint.head(call.exchange.head, call.method, .init(trace: call.trace, keepsTE: call.kind == .grpcProxy))
        let origin = endpoint.url.origin(tls: endpoint.tls)
        ExchangeProxy(call, callee: endpoint.name, owner: self).start(
            head, to: origin, by: client, through: call.kind == .grpcProxy ? nil : pipeline)
    }

    func callFailed(_ call: StreamedCall, _ error: InvocationError, hasTakenBody: Bool) -> Bool { false }

    func callEnded(_ call: StreamedCall, failure: InvocationError?) {
        observer.callEnded(call.report(.endpoint, callee: endpoint.name, failure: failure))
    }
}
