import MechaCore
import MechaPolicies
import MechaWire
import NIOCore

/// Makes an app's calls: to itself, to apps of this process, to apps behind other runtimes, to HTTP
/// endpoints and URLs. One per calling app.
public final class Invoker: Sendable {
    /// Who calls.
    public let caller: AppAddress
    let limits: InvocationLimits
    let retry: InvocationRetry
    let client: HTTPClient
    let apps: LocalApps
    let observer: any InvocationObserver
    let directory: PeerDirectory?
    let peerTLS: ClientTLS?
    /// What calls of HTTP endpoints go through.
    let endpointPipeline: HTTPPipelineSlot
    private let own: LocalApp
    private let forwarder: Forwarder
    private let endpoint: @Sendable (String) -> HTTPEndpoint?
    private let policies: @Sendable (String) -> TargetPolicies?

    /// - Parameters:
    ///   - own: the calling app, whose calls to itself take no detour.
    ///   - apps: all apps of this process.
    ///   - resolver: finds other runtimes; nil knows none.
    ///   - forwarder: what `X-Forwarded-*` and `Forwarded` say of this runtime.
    ///   - endpointPipeline: what calls of HTTP endpoints and URLs go through.
    ///   - endpoint: the HTTPEndpoint of a name, as the calling app may see it.
    ///   - policies: what applies to calls of an app or endpoint; nil for the built-in retries alone.
    package init(
        own: LocalApp, apps: LocalApps, client: HTTPClient, resolver: (any NameResolver)?, forwarder: Forwarder,
        peerTLS: ClientTLS? = nil, retry: InvocationRetry = .builtIn, limits: InvocationLimits = .init(),
        observer: any InvocationObserver = SilentInvocationObserver(), endpointPipeline: HTTPPipelineSlot = .init(),
        endpoint: @escaping @Sendable (String) -> HTTPEndpoint? = { _ in nil },
        policies: @escaping @Sendable (String) -> TargetPolicies? = { _ in nil }
    ) {
        self.caller = own.address
        self.own = own
        self.apps = apps
        self.client = client
        self.forwarder = forwarder
        self.peerTLS = peerTLS
        self.retry = retry
        self.limits = limits
        self.observer = observer
        self.endpointPipeline = endpointPipeline
        self.endpoint = endpoint
        self.policies = policies
        self.directory = resolver.map { PeerDirectory(resolver: $0, loops: client.loops, limits: limits) }
    }

    /// Reads what a caller wrote for the callee; see ``InvocationTarget/parse(_:namespace:isEndpoint:)``.
    public func target(_ text: String) throws(InvocationError) -> InvocationTarget {
        // Most calls name an app plainly, and many of them their own.
        if text == caller.appID { return .app(caller) }
        return try InvocationTarget.parse(text, namespace: caller.namespace) { endpoint($0) != nil }
    }

    // MARK: - Streamed calls

    /// Carries a call that came in to its target, and the answer back. On the exchange's loop.
    ///
    /// Every way this can end is told to the exchange: by the callee's response, or before one began by the
    /// call's own `onFailure`.
    public func forward(_ call: StreamedCall, to target: InvocationTarget) {
        call.caller = caller
        guard let policies = policies(target.policyName) else { return send(call, to: target, retry: retry) }
        guard let policy = policies.policy(endpoint: call.method.path) else { return send(call, to: target, retry: .never) }
        PolicedCall(call, to: target, by: self, under: policy).start()
    }

    /// Sends a call on its way: one attempt of it, when it is made under a policy.
    func send(_ call: StreamedCall, to target: InvocationTarget, retry: InvocationRetry) {
        switch target {
        case .app(caller): own.forward(call)
        case .app(let address):
            call.forwarder = forwarder
            if let app = apps[address] { app.forward(call) } else { RemoteCall(call, to: address, by: self, retry: retry).start() }
        case .endpoint(let name):
            guard let endpoint = endpoint(name) else {
                return call.fail(InvocationError(.appNotFound, "the HTTPEndpoint \(name) does not exist"))
            }
            EndpointCall(call, endpoint, observer).start(by: client, through: endpointPipeline)
        case .url(let url):
            EndpointCall(call, HTTPEndpoint(url), observer).start(by: client, through: endpointPipeline)
        }
    }

    // MARK: - Calls in memory

    /// Makes one call with its whole body in memory. An error answer of the callee is a response.
    public func invoke(
        _ request: AppRequest, at target: InvocationTarget, deadline: NIODeadline? = nil
    ) async throws(InvocationError) -> AppResponse {
        var request = request
        request.caller = caller
        guard let policies = policies(target.policyName) else {
            return try await send(request, to: target, deadline: deadline, retry: retry)
        }
        guard let policy = policies.policy(endpoint: request.method.path) else {
            return try await send(request, to: target, deadline: deadline, retry: .never)
        }
        return try await invoke(of: target.policyName, under: policy) { [self, request] () async throws(InvocationError) in
            try await send(request, to: target, deadline: deadline, retry: .never)
        }
    }

    private func send(
        _ request: AppRequest, to target: InvocationTarget, deadline: NIODeadline?, retry: InvocationRetry
    ) async throws(InvocationError) -> AppResponse {
        switch target {
        case .app(caller): return try await own.invoke(request, deadline: deadline)
        case .app(let address):
            if let app = apps[address] {
                try app.access.check(caller, calling: address, request.method, verb: request.verb?.rawValue ?? "")
                return try await app.invoke(request, deadline: deadline)
            }
            return try await invokeRemote(request, at: address, forwarder: forwarder, deadline: deadline, retry: retry)
        case .endpoint(let name):
            guard let endpoint = endpoint(name) else {
                throw InvocationError(.appNotFound, "the HTTPEndpoint \(name) does not exist")
            }
            return try await invoke(request, at: endpoint, deadline: deadline)
        case .url(let url):
            return try await invoke(request, at: HTTPEndpoint(url), deadline: deadline)
        }
    }
}
