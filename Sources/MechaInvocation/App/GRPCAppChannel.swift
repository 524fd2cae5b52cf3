import MechaProto
import MechaWire
import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// An app that speaks gRPC. Calls of its own services pass through as they are; other calls become
/// `AppCallback.OnInvoke` (section 2.1 of the Dapr surface).
public final class GRPCAppChannel: AppChannel {
    let endpoint: AppEndpoint
    let origin: Origin
    let http: HTTPClient
    let client: GRPCClient
    let limits: InvocationLimits

    public init(_ endpoint: AppEndpoint, client: HTTPClient, limits: InvocationLimits = .init()) {
        self.endpoint = endpoint
        self.origin = endpoint.origin
        self.http = client
        self.client = GRPCClient(client, origin: endpoint.origin, limits: GRPCLimits(messageBytes: limits.collectedBodyBytes))
        self.limits = limits
    }

    public var appProtocol: AppProtocol { endpoint.appProtocol }

    public func forward(_ call: StreamedCall, owner: any CallOwner) {
        guard call.kind == .grpcProxy else { return invokeWhole(call, owner) }
        let head = RequestHeaders.head(
            call.exchange.head, target: call.method.target,
            .init(
                forwarder: call.forwarder, caller: call.caller, callee: endpoint.app, trace: call.trace, appToken: endpoint.token,
                keepsTE: true))
        ExchangeProxy(call, callee: endpoint.app.appID, owner: owner).start(head, to: origin, by: http)
    }

    /// An HTTP-shaped call: OnInvoke takes and gives whole bodies.
    private func invokeWhole(_ call: StreamedCall, _ owner: any CallOwner) {
        WholeCall.run(call, owner: owner, callee: endpoint.app.appID, bodyBytesAtMost: limits.collectedBodyBytes) {
            [self] call throws(InvocationError) in
            call.response = try await invoke(call.request, deadline: nil)
        }
    }

    public func invoke(_ request: AppRequest, deadline: NIODeadline?) async throws(InvocationError) -> AppResponse {
        let message = Dapr_Proto_Common_V1_InvokeRequest.with {
            $0.method = String(request.method.path.dropFirst())
            $0.contentType = request.contentType ?? ""
            $0.data.typeURL = request.typeURL
            $0.data.value = .init(request.body.readableBytesView)
            $0.httpExtension.verb = .init(request.verb)
            $0.httpExtension.querystring = String(request.method.query)
        }
        do {
            let response = try await client.unary(
                AppCallbackMethods.onInvoke, message, options: .init(metadata: metadata(of: request), deadline: deadline))
            return AppResponse(
                .grpc(.ok), headers: HTTPHeaders(response.metadata.map { ($0.name, $0.value) }),
                contentType: response.message.contentType.isEmpty ? nil : response.message.contentType,
                body: ByteBuffer(bytes: response.message.data.value), typeURL: response.message.data.typeURL)
        } catch {
            guard let status = error as? GRPCStatus else {
                throw InvocationError(.connectionLost, "failed to call \(endpoint.app.appID)", cause: error)
            }
            return AppResponse(.grpc(status))
        }
    }

    /// Hop-by-hop rules first, then the names that gRPC cannot carry as they are.
    func metadata(of request: AppRequest) -> GRPCMetadata {
        let head = RequestHeaders.head(
            HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: request.headers), target: "/",
            .init(caller: request.caller, callee: endpoint.app, trace: request.trace, appToken: endpoint.token))
        var metadata = GRPCMetadata()
        let fields = request.carriesMetadata ? head.headers : MetadataRules.metadata(fromHTTPHeaders: head.headers)
        // What metadata cannot carry (non-ASCII values, odd names) stays behind, as it does with Dapr.
        for (name, value) in fields { metadata.add(name, value) }
        return metadata
    }

    public func probe(path: String, timeout: TimeAmount) async -> Int? {
        var options = GRPCCallOptions(deadline: .now() + timeout)
        if let token = endpoint.token { options.metadata.add(HeaderName.apiToken, token) }
        do {
            _ = try await client.unary(AppCallbackHealthCheckMethods.healthCheck, .init(), options: options)
            return 200
        } catch {
            return (error as? GRPCStatus).map { $0.code == .unavailable || $0.code == .deadlineExceeded } == true ? nil : 503
        }
    }

    public func isReachable(timeout: TimeAmount) async -> Bool { await http.canConnect(to: origin, timeout: timeout) }
}

extension Dapr_Proto_Common_V1_HTTPExtension.Verb {
    fileprivate init(_ method: HTTPMethod?) {
        switch method {
        case .GET: self = .get
        case .HEAD: self = .head
        case .POST: self = .post
        case .PUT: self = .put
        case .DELETE: self = .delete
        case .CONNECT: self = .connect
        case .OPTIONS: self = .options
        case .TRACE: self = .trace
        case .PATCH: self = .patch
        default: self = .none
        }
    }
}
