import MechaCore
import MechaHost
import MechaTelemetry
import MechaWire

/// What happens around every gRPC call: API token, metrics, and the mapping of errors.
struct DaprGRPCHooks: GRPCServerHooks {
    private let app: AppRuntime
    private let methods: [String: RouteID]

    init(app: AppRuntime) {
        self.app = app
        methods = Dictionary(uniqueKeysWithValues: DaprAPISurface.grpcMethods.enumerated().map { ($1, RouteID($0)) })
    }

    func began(_ call: GRPCServerCall) throws(GRPCStatus) {
        call.attachment = app.telemetry.began(call.metadata)
        if let token = app.options.apiToken, !constantTimeEqual(call.metadata["dapr-api-token"] ?? "", token) {
            throw GRPCStatus(.unauthenticated, "authentication error: api token mismatch")
        }
    }

    func ended(_ call: GRPCServerCall, code: GRPCStatus.Code) {
        guard let followed = call.attachment as? AppTelemetry.FollowedCall else { return }
        app.telemetry.ended(
            followed, method: call.path, id: methods[call.path] ?? .unknown, status: code.rawValue,
            receivedBytes: call.exchange.requestBodyBytes, sentBytes: call.exchange.responseBodyBytes,
            userAgent: call.metadata["user-agent"])
    }

    func status(for error: any Error) -> GRPCStatus { DaprError(error, appID: app.options.appID).grpcStatus }
}
