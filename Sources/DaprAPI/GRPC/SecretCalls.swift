import MechaHost
import MechaProto

/// The secret RPCs (sections 1.5 and 2.1 of the Dapr surface).
struct SecretCalls: Sendable {
    let app: AppRuntime

    func get(_ request: Dapr_Proto_Runtime_V1_GetSecretRequest) async throws -> Dapr_Proto_Runtime_V1_GetSecretResponse {
        let secret = try await app.secret(store: request.storeName, name: request.key, metadata: request.metadata)
        return .with { $0.data = secret }
    }

    func bulkGet(_ request: Dapr_Proto_Runtime_V1_GetBulkSecretRequest) async throws -> Dapr_Proto_Runtime_V1_GetBulkSecretResponse {
        let secrets = try await app.allSecrets(store: request.storeName, metadata: request.metadata)
        return .with { response in
            response.data = secrets.mapValues { secret in .with { $0.secrets = secret } }
        }
    }
}
