import MechaCore
import MechaWire
import NIOCore

/// One streamed call to an app behind another runtime: finds the runtime, and tries again while nothing of
/// the call is lost. Lives on the exchange's loop; hence the unchecked Sendable.
final class RemoteCall: CallOwner, @unchecked Sendable {
    private let call: StreamedCall
    private let callee: AppAddress
    private let invoker: Invoker
    private let peers: LoopPeers?
    private var endpoint: PeerEndpoint?
    private let retry: InvocationRetry
    private var retries = 0

    /// - Parameter retry: none under a policy, which alone decides.
    init(_ call: StreamedCall, to callee: AppAddress, by invoker: Invoker, retry: InvocationRetry) {
        self.retry = retry
        self.call = call
        self.callee = callee
        self.invoker = invoker
        peers = invoker.directory?.on(call.exchange.context)
    }

    func start() {
        invoker.observer.callBegan(.peer, caller: call.caller, callee: callee.appID, kind: call.kind)
        attempt()
    }

    private func attempt() {
        guard let peers else {
            return fail(InvocationError(.appNotFound, "no address is known of app \(callee.appID)"))
        }
        peers.take(callee) { [self] result in
            if let failure = call.exchange.failure {
                if case .success(let endpoint) = result { peers.ended(callee, endpoint) }
                return fail(InvocationError(.cancelled, "the caller gave up: \(failure)", cause: failure))
            }
            switch result {
            case .success(let endpoint): send(to: endpoint)
            case .failure(let error): if !retryLater(after: error, hasTakenBody: false) { fail(error) }
            }
        }
    }

    private func send(to endpoint: PeerEndpoint) {
        self.endpoint = endpoint
        let head = RequestHeaders.head(
            call.exchange.head, target: call.method.target,
            .init(
                forwarder: call.forwarder, caller: call.caller, callee: callee, trace: call.trace,
                more: PeerLink.marks(for: callee, call.kind == .grpcProxy ? .grpc : .http), keepsTE: call.kind == .grpcProxy))
        let origin = PeerLink.origin(endpoint, tls: invoker.peerTLS)
        ExchangeProxy(call, callee: callee.appID, isPeer: true, owner: self).start(head, to: origin, by: invoker.client)
    }

    /// Nothing was sent, and nothing will be.
    private func fail(_ error: InvocationError) {
        call.fail(error)
        callEnded(call, failure: error)
    }

    private func retryLater(after error: InvocationError, hasTakenBody: Bool) -> Bool {
        guard error.didNothing, !hasTakenBody, retries < retry.retriesAtMost else { return false }
        retries += 1
        call.exchange.context.loop.scheduleTask(in: retry.interval) { [self] in attempt() }
        return true
    }

    // MARK: - CallOwner

    func callFailed(_ call: StreamedCall, _ error: InvocationError, hasTakenBody: Bool) -> Bool {
        if error.didNothing, let endpoint {
            peers?.failed(callee, endpoint)
            self.endpoint = nil
        }
        return retryLater(after: error, hasTakenBody: hasTakenBody)
    }

    func callEnded(_ call: StreamedCall, failure: InvocationError?) {
        if let endpoint { peers?.ended(callee, endpoint) }
        endpoint = nil
        invoker.observer.callEnded(call.report(.peer, callee: callee.appID, failure: failure))
    }
}
