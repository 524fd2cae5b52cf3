import MechaCore
import MechaProto
import MechaWire
import SwiftProtobuf

/// How the status of a gRPC app travels between runtimes, with its details.
enum PeerStatus {
    static func encode(_ status: GRPCStatus) -> String {
        guard let bytes: [UInt8] = try? Google_Rpc_Status(status).serializedBytes() else { return String(status.code.rawValue) }
        return "\(status.code.rawValue) \(Base64.encode(bytes))"
    }

    static func decode(_ text: String) -> GRPCStatus? {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard let code = parts.first.flatMap({ Int($0) }) else { return nil }
        guard parts.count == 2, let bytes = Base64.decode(parts[1]), let rich = try? Google_Rpc_Status(serializedBytes: bytes) else {
            return GRPCStatus(.init(rawValue: code))
        }
        return GRPCStatus(.init(rawValue: code), rich.message, details: rich.details)
    }
}

extension Google_Rpc_Status {
    init(_ status: GRPCStatus) {
        self.init()
        code = Int32(clamping: status.code.rawValue)
        message = status.message
        details = status.details
    }
}
