import MechaHost
import MechaInvocation
import MechaTelemetry
import MechaWire
import NIOHTTP1

/// Service invocation (section 1.3 of the Dapr surface): by path, by the `dapr-app-id` header on any other
/// path, or by the user part of a URL. The request streams through; nothing of it is held here.
enum InvocationRoutes {
    static let route = HTTPRoute(
        .GET, .HEAD, .POST, .PUT, .PATCH, .DELETE, .OPTIONS, .TRACE, at: "invoke/{appid}/method/{path...}", .v1, .invoke, .works)

    /// The call that a request stands for; nil when it names no app. Throws for a path that cannot be sent.
    static func path(of head: HTTPRequestHead) throws(InvocationError) -> InvocationPath? {
        if let path = try InvocationPath(requestTarget: head.uri) { return path }
        let appID = InvocationPath.appID(
            header: head.headers.first(name: "dapr-app-id"), authorization: head.headers.first(name: "authorization"))
        guard let appID else { return nil }
        return try InvocationPath(appID: appID, requestTarget: head.uri)
    }

    static func forward(_ exchange: ServerExchange, _ path: InvocationPath, trace: TraceContext?, app: AppRuntime) throws {
        guard let invoker = app.invoker else {
            throw InvocationError(.unavailable, "the runtime is still starting")
        }
        let call = StreamedCall(
            exchange, method: path.method, trace: trace, bodyBytesAtMost: app.options.maximumBodyBytes
        ) { exchange, error in
            DaprHTTPService.answer(error, to: exchange, app: app)
        }
        invoker.forward(call, to: try invoker.target(path.target))
    }
}
