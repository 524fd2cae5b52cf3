import MechaHost
import MechaInvocation
import MechaTelemetry
import MechaWire

/// Carries calls of services that are not the runtime's own to the app that the metadata names
/// (section 2.3 of the Dapr surface), in all four call forms.
struct GRPCProxyService: HTTPService {
    let app: AppRuntime

    /// Dapr's own service of workflow SDKs, which is therefore no app's.
    private static let workflowServicePrefix = "/TaskHubSidecarService/"

    func handle(_ exchange: ServerExchange) {
        let headers = exchange.http2Headers
        if let token = app.options.apiToken {
            guard constantTimeEqual(headers?.first(name: "dapr-api-token") ?? "", token) else {
                return exchange.respondGRPC(GRPCStatus(.unauthenticated, "authentication error: api token mismatch"))
            }
            exchange.head.headers.remove(name: "dapr-api-token")
        }
        if headers?.first(name: ":path")?.hasPrefix(Self.workflowServicePrefix) == true {
            return exchange.respondGRPC(GRPCStatus(.unimplemented, "workflows are not available here"))
        }
        let name = headers?.first(name: "dapr-app-id") ?? headers?.first(name: "dapr-callee-app-id")
        guard let name, !name.isEmpty else {
            return exchange.respondGRPC(
                GRPCStatus(.unknown, "failed to proxy request: required metadata dapr-callee-app-id or dapr-app-id not found"))
        }
        do throws(InvocationError) {
            guard let invoker = app.invoker else { throw InvocationError(.unavailable, "the runtime is still starting") }
            let call = StreamedCall(
                exchange, kind: .grpcProxy, method: try MethodPath(target: exchange.head.uri),
                trace: app.telemetry.followProxied(exchange)
            ) { exchange, error in
                exchange.respondGRPC(GRPCStatus(error))
            }
            invoker.forward(call, to: try invoker.target(name))
        } catch {
            exchange.respondGRPC(GRPCStatus(error))
        }
    }
}

extension GRPCStatus {
    /// The status of a call that could not be carried to its app.
    init(_ error: InvocationError) {
        let code: Code =
            switch error.code {
            case .invalidTarget, .invalidMethod: .invalidArgument
            case .denied: .permissionDenied
            case .overloaded, .tooLarge: .resourceExhausted
            case .timeout: .deadlineExceeded
            case .cancelled: .cancelled
            case .unavailable, .connectionLost: .unavailable
            case .protocolMismatch: .unimplemented
            default: .internal
            }
        self.init(code, error.message)
    }
}
