import MechaCore
import MechaTelemetry
import MechaWire
import NIOCore
import NIOHTTP1

/// An app that speaks HTTP/1.1, HTTPS or HTTP/2 in the clear.
public final class HTTPAppChannel: AppChannel {
    let endpoint: AppEndpoint
    let origin: Origin
    let client: HTTPClient
    let limits: InvocationLimits
    /// What requests to the app go through (`appHttpPipeline`), probes excepted.
    let pipeline: HTTPPipelineSlot

    public init(
        _ endpoint: AppEndpoint, client: HTTPClient, limits: InvocationLimits = .init(), pipeline: HTTPPipelineSlot = .init()
    ) {
        self.pipeline = pipeline
        self.endpoint = endpoint
        self.origin = endpoint.origin
        self.client = client
        self.limits = limits
    }

    public var appProtocol: AppProtocol { endpoint.appProtocol }

    public func forward(_ call: StreamedCall, owner: any CallOwner) {
        var incoming = call.exchange.head
        if call.carriesMetadata {
            guard call.namesVerb else { return owner.refuse(call, .noVerb) }
            incoming.headers = MetadataRules.httpHeaders(fromMetadata: incoming.headers, keepsContentType: true)
        }
        let head = RequestHeaders.head(incoming, target: call.method.target, additions(for: call))
        ExchangeProxy(call, callee: endpoint.app.appID, owner: owner).start(head, to: origin, by: client, through: pipeline)
    }

    private func additions(for call: StreamedCall) -> RequestHeaders.Additions {
        RequestHeaders.Additions(
            forwarder: call.forwarder, caller: call.caller, callee: endpoint.app, trace: call.trace, appToken: endpoint.token)
    }

    public func invoke(_ request: AppRequest, deadline: NIODeadline?) async throws(InvocationError) -> AppResponse {
        if pipeline.isFilled { return try await invokeThroughPipeline(request, deadline: deadline) }
        let call = try prepared(request)
        try await carry(call, until: deadline)
        return answer(of: call)
    }

    private func invokeThroughPipeline(_ request: AppRequest, deadline: NIODeadline?) async throws(InvocationError) -> AppResponse {
        let incoming = HTTPRequestHead(
            version: .http1_1, method: try request.requireVerb(), uri: request.method.target,
            headers: request.httpHeaders)
        let head = RequestHeaders.head(
            incoming, target: request.method.target,
            .init(caller: request.caller, callee: endpoint.app, trace: request.trace, appToken: endpoint.token))
        return try await client.call(
            head, body: request.body, at: origin, callee: endpoint.app.appID, bodyBytesAtMost: limits.collectedBodyBytes,
            deadline: deadline, through: pipeline)
    }

    // MARK: - Whole calls

    // What is made of requests and responses stands apart: it would lie in the frame of the task while the app is asked.

    @inline(never)
    private func prepared(_ request: AppRequest) throws(InvocationError) -> CollectingCall {
        prepared(
            try request.requireVerb(), request.method, request.httpHeaders, request.body, caller: request.caller, trace: request.trace)
    }

    /// A call that nothing but the app itself answers.
    func prepared(
        _ verb: HTTPMethod, _ method: MethodPath, _ headers: HTTPHeaders, _ body: ByteBuffer, caller: AppAddress? = nil,
        trace: TraceContext?
    ) -> CollectingCall {
        var additions = RequestHeaders.Additions(caller: caller, callee: endpoint.app, trace: trace, appToken: endpoint.token)
        additions.bodyBytes = body.readableBytes
        let head = HTTPRequestHead(
            version: .http1_1, method: verb, uri: method.target, headers: RequestHeaders.headers(headers, additions))
        return CollectingCall(
            head, body: body.readableBytes > 0 ? body : nil, at: origin, by: client, responseBodyLimitBytes: limits.collectedBodyBytes)
    }

    func carry(_ call: CollectingCall, until deadline: NIODeadline?) async throws(InvocationError) {
        do throws(WireError) {
            try await call.run(until: deadline)
        } catch {
            throw failure(error)
        }
    }

    @inline(never)
    private func failure(_ error: WireError) -> InvocationError {
        error.code == .cancelled && Task.isCancelled
            ? InvocationError(.cancelled, "the call was given up", cause: error) : InvocationError(error, calling: endpoint.app.appID)
    }

    @inline(never)
    private func answer(of call: CollectingCall) -> AppResponse { AppResponse(ofApp: call.response) }

    public func probe(path: String, timeout: TimeAmount) async -> Int? {
        var request = ClientRequest(.GET, path.hasPrefix("/") ? path : "/\(path)", at: origin)
        if let token = endpoint.token { request.headers.add(name: HeaderName.apiToken, value: token) }
        let response = try? await client.execute(request, deadline: .now() + timeout)
        return response.map { Int($0.status.code) }
    }

    public func isReachable(timeout: TimeAmount) async -> Bool { await client.canConnect(to: origin, timeout: timeout) }
}
