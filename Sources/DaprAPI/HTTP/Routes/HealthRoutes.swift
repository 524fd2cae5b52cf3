import MechaCore
import MechaHost
import NIOHTTP1

/// Health probes (section 1.13 of the Dapr surface).
enum HealthRoutes {
    static let all: [HTTPRoute] = [
        HTTPRoute(.GET, at: "healthz", .v1, .healthz, handler: ready),
        HTTPRoute(.GET, at: "healthz/outbound", .v1, .healthz, handler: outbound),
    ]

    @Sendable private static func ready(_ call: HTTPCall) async throws {
        if let wanted = call.query["appid"], wanted != call.app.options.appID {
            throw DaprError(
                .internalServerError, "ERR_HEALTH_APPID_NOT_MATCH", .internal, "dapr app-id does not match")
        }
        guard call.app.isReady else {
            throw DaprError(.internalServerError, "ERR_HEALTH_NOT_READY", .internal, "dapr is not ready")
        }
        call.answer()
    }

    @Sendable private static func outbound(_ call: HTTPCall) async throws {
        guard call.app.isOutboundReady else {
            throw DaprError(.internalServerError, "ERR_OUTBOUND_HEALTH_NOT_READY", .internal, "dapr outbound is not ready")
        }
        call.answer()
    }
}
