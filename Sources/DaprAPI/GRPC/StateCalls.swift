import FoundationEssentials
import MechaCore
import MechaHost
import MechaProto
import MechaTelemetry
import NIOCore
import SwiftProtobuf

/// The state RPCs (sections 1.1 and 2.1 of the Dapr surface).
struct StateCalls: Sendable {
    let app: AppRuntime

    func get(_ request: Dapr_Proto_Runtime_V1_GetStateRequest) async throws -> Dapr_Proto_Runtime_V1_GetStateResponse {
        let options = StateReadOptions(consistency: StateConsistency(request.consistency), metadata: request.metadata)
        var response = Dapr_Proto_Runtime_V1_GetStateResponse()
        guard let entry = try await app.getState(store: request.storeName, key: request.key, options: options) else {
            return response
        }
        response.data = Data(entry.value.readableBytesView)
        if let etag = entry.etag { response.etag = etag }
        if let expiry = entry.expiresAt { response.metadata = ["ttlExpireTime": expiry.rfc3339] }
        return response
    }

    func bulkGet(_ request: Dapr_Proto_Runtime_V1_GetBulkStateRequest) async throws -> Dapr_Proto_Runtime_V1_GetBulkStateResponse {
        let results = try await app.bulkGetState(
            store: request.storeName, keys: request.keys, options: StateReadOptions(metadata: request.metadata),
            parallelism: Int(request.parallelism))
        return .with { response in
            response.items = results.map { result in
                .with { item in
                    item.key = result.key
                    switch result.outcome {
                    case .success(let entry?):
                        item.data = Data(entry.value.readableBytesView)
                        item.etag = entry.etag ?? ""
                        if let expiry = entry.expiresAt { item.metadata = ["ttlExpireTime": expiry.rfc3339] }
                    case .success(nil): break
                    case .failure(let error): item.error = "\(error)"
                    }
                }
            }
        }
    }

    func save(_ request: Dapr_Proto_Runtime_V1_SaveStateRequest) async throws -> Google_Protobuf_Empty {
        try await app.saveState(store: request.storeName, writes: request.states.map(StateWrite.init))
        return Google_Protobuf_Empty()
    }

    func delete(_ request: Dapr_Proto_Runtime_V1_DeleteStateRequest) async throws -> Google_Protobuf_Empty {
        let removal = StateRemoval(
            key: request.key, etag: request.hasEtag ? request.etag.value : nil,
            concurrency: StateConcurrency(request.options.concurrency),
            consistency: StateConsistency(request.options.consistency), metadata: request.metadata)
        try await app.deleteState(store: request.storeName, removal: removal)
        return Google_Protobuf_Empty()
    }

    func bulkDelete(_ request: Dapr_Proto_Runtime_V1_DeleteBulkStateRequest) async throws -> Google_Protobuf_Empty {
        try await app.bulkDeleteState(store: request.storeName, removals: request.states.map(StateRemoval.init))
        return Google_Protobuf_Empty()
    }

    func transact(
        _ request: Dapr_Proto_Runtime_V1_ExecuteStateTransactionRequest, trace: TraceContext?
    ) async throws -> Google_Protobuf_Empty {
        let operations = try request.operations.map { operation -> MechaCore.StateOperation in
            switch operation.operationType {
            case "upsert": return .upsert(StateWrite(operation.request))
            case "delete": return .delete(StateRemoval(operation.request))
            default:
                throw RuntimeError(.stateOperationUnsupported, "operation type \(operation.operationType) not supported")
            }
        }
        try await app.transactState(store: request.storeName, operations: operations, metadata: request.metadata, trace: trace)
        return Google_Protobuf_Empty()
    }

    func query(_ request: Dapr_Proto_Runtime_V1_QueryStateRequest) async throws -> Dapr_Proto_Runtime_V1_QueryStateResponse {
        let query = try StateQuery(document: ByteBuffer(string: request.query))
        let page = try await app.queryState(store: request.storeName, query: query, metadata: request.metadata)
        return .with { response in
            response.token = page.token ?? ""
            response.results = page.results.map { result in
                .with { item in
                    item.key = result.key
                    item.data = Data(result.entry.value.readableBytesView)
                    item.etag = result.entry.etag ?? ""
                }
            }
        }
    }
}

extension StateWrite {
    init(_ item: Dapr_Proto_Common_V1_StateItem) {
        self.init(
            key: item.key, value: ByteBuffer(bytes: item.value), etag: item.hasEtag ? item.etag.value : nil,
            concurrency: StateConcurrency(item.options.concurrency), consistency: StateConsistency(item.options.consistency),
            metadata: item.metadata)
    }
}

extension StateRemoval {
    init(_ item: Dapr_Proto_Common_V1_StateItem) {
        self.init(
            key: item.key, etag: item.hasEtag ? item.etag.value : nil,
            concurrency: StateConcurrency(item.options.concurrency), consistency: StateConsistency(item.options.consistency),
            metadata: item.metadata)
    }
}

extension StateConsistency {
    init(_ consistency: Dapr_Proto_Common_V1_StateOptions.StateConsistency) {
        switch consistency {
        case .consistencyEventual: self = .eventual
        case .consistencyStrong: self = .strong
        default: self = .unspecified
        }
    }
}

extension StateConcurrency {
    init(_ concurrency: Dapr_Proto_Common_V1_StateOptions.StateConcurrency) {
        switch concurrency {
        case .concurrencyFirstWrite: self = .firstWrite
        case .concurrencyLastWrite: self = .lastWrite
        default: self = .unspecified
        }
    }
}
