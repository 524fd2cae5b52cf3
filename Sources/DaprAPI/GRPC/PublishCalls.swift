import MechaCore
import MechaHost
import MechaMessaging
import MechaProto
import MechaTelemetry
import MechaWire
import NIOCore
import SwiftProtobuf

/// PublishEvent and BulkPublishEvent (section 1.2 of the Dapr surface).
struct PublishCalls: Sendable {
    let app: AppRuntime

    func publish(_ request: Dapr_Proto_Runtime_V1_PublishEventRequest, _ call: GRPCServerCall) async throws -> Google_Protobuf_Empty {
        try await app.publish(prepared(request, call))
        return Google_Protobuf_Empty()
    }

    // Apart, so that nothing of it lies in the frame of the task while the broker is asked.
    @inline(never)
    private func prepared(_ request: Dapr_Proto_Runtime_V1_PublishEventRequest, _ call: GRPCServerCall) throws -> Publication {
        try app.prepare(
            PublishRequest(
                topic: request.topic, data: ByteBuffer(bytes: request.data), contentType: request.dataContentType,
                metadata: request.metadata, trace: call.trace), pubsub: request.pubsubName)
    }

    func publishBulk(
        _ request: Dapr_Proto_Runtime_V1_BulkPublishRequest, _ call: GRPCServerCall
    ) async throws -> Dapr_Proto_Runtime_V1_BulkPublishResponse {
        var seen: Set<String> = []
        for entry in request.entries {
            guard !entry.entryID.isEmpty else { throw invalid(request, "an entry has no entryId") }
            guard seen.insert(entry.entryID).inserted else { throw invalid(request, "entryId \"\(entry.entryID)\" is not unique") }
        }
        let failures = try await app.publishBulk(
            request.entries.map {
                .init(id: $0.entryID, data: ByteBuffer(bytes: $0.event), contentType: $0.contentType, metadata: $0.metadata)
            }, topic: request.topic, pubsub: request.pubsubName, metadata: request.metadata, trace: call.trace)
        return .with { response in
            response.failedEntries = failures.map { failure in
                .with {
                    $0.entryID = failure.id
                    $0.error = failure.error
                }
            }
        }
    }

    private func invalid(_ request: Dapr_Proto_Runtime_V1_BulkPublishRequest, _ problem: String) -> RuntimeError {
        RuntimeError(
            .pubsubMarshalEvents,
            "error marshaling events to bytes for topic \(request.topic) pubsub \(request.pubsubName): \(problem)",
            resource: request.pubsubName)
    }
}

extension GRPCServerCall {
    /// The trace that the call belongs to.
    var trace: TraceContext? { (attachment as? AppTelemetry.FollowedCall)?.context }
}
