import MechaCore
import MechaHost
import NIOHTTP1

/// The secrets API (section 1.5 of the Dapr surface).
enum SecretRoutes {
    static let all: [HTTPRoute] = [
        HTTPRoute(.GET, at: "secrets/{store}/bulk", .v1, .secrets, handler: bulk),
        HTTPRoute(.GET, at: "secrets/{store}/{key}", .v1, .secrets, handler: get),
    ]

    @Sendable private static func get(_ call: HTTPCall) async throws {
        let secret = try await call.app.secret(
            store: call.parameter(0), name: call.parameter(1), metadata: call.query.metadata)
        if secret.isEmpty { return call.answer(.noContent) }
        call.answerJSON(json(secret))
    }

    @Sendable private static func bulk(_ call: HTTPCall) async throws {
        let secrets = try await call.app.allSecrets(store: call.parameter(0), metadata: call.query.metadata)
        call.answerJSON(.object(secrets.sorted { $0.key < $1.key }.map { .init($0.key, json($0.value)) }))
    }

    private static func json(_ secret: [String: String]) -> JSON {
        .object(secret.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
    }
}
