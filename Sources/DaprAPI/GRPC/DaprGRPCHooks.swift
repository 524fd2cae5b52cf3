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
        methods = Dictionary(uniqueKeysWithValues: DaprAPISurface.names.grpcMethods.enumerated().map { ($1, RouteID($0)) })
    }

    func began(_ call: GRPCServerCall) throws(GRPCStatus) {
        call.attachment = app.host.clock.monotonicNanoseconds()
        if let token = app.options.apiToken, !constantTimeEqual(call.metadata["dapr-api-token"] ?? "", token) {
            throw GRPCStatus(.unauthenticated, "authentication error: api token mismatch")
        }
    }

    func ended(_ call: GRPCServerCall, code: GRPCStatus.Code) {
        let started = call.attachment as? UInt64 ?? 0
        app.telemetry.metrics.grpcServer.method(methods[call.path] ?? .unknown).record(
            status: code.rawValue, receivedBytes: call.exchange.requestBodyBytes, sentBytes: call.exchange.responseBodyBytes,
            nanoseconds: app.host.clock.monotonicNanoseconds() - started)
    }

    func status(for error: any Error) -> GRPCStatus { DaprError(error, appID: app.options.appID).grpcStatus }
}
