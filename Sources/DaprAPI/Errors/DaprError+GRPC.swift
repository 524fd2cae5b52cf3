import MechaProto
import MechaWire

extension DaprError {
    /// The gRPC form: the code with ErrorInfo and ResourceInfo where Dapr has them.
    var grpcStatus: GRPCStatus {
        var status = GRPCStatus(grpcCode, message)
        if let reason {
            var info = Google_Rpc_ErrorInfo()
            info.reason = reason
            info.domain = Self.domain
            info.metadata = metadata
            status.attach(info)
            if let resource {
                var detail = Google_Rpc_ResourceInfo()
                detail.resourceType = resource.type
                detail.resourceName = resource.name
                status.attach(detail)
            }
        }
        return status
    }
}
