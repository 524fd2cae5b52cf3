import FoundationEssentials
import MechaCore
import MechaHost
import MechaProto
import MechaWire
import NIOCore

/// InvokeBinding (section 1.4 of the Dapr surface).
struct BindingCalls: Sendable {
    let app: AppRuntime

    func invoke(
        _ request: Dapr_Proto_Runtime_V1_InvokeBindingRequest, _ call: GRPCServerCall
    ) async throws -> Dapr_Proto_Runtime_V1_InvokeBindingResponse {
        let response = try await app.invokeBinding(
            request.name,
            BindingRequest(operation: request.operation, data: ByteBuffer(bytes: request.data), metadata: request.metadata),
            trace: call.trace)
        return .with {
            if let data = response.data { $0.data = Data(data.readableBytesView) }
            $0.metadata = response.metadata
        }
    }
}
