import MechaCore
import MechaProto
import NIOHPACK
import NIOHTTP1
import SwiftProtobuf

// How a status stands in trailers (PROTOCOL-HTTP2 of gRPC: `Status`, `Status-Message`; the rich form is
// a google.rpc.Status in `grpc-status-details-bin`).
extension GRPCStatus {
    static let okTrailers: HPACKHeaders = ["grpc-status": "0"]

    func add(to fields: inout HPACKHeaders) {
        fields.add(name: "grpc-status", value: String(code.rawValue))
        if !message.isEmpty { fields.add(name: "grpc-message", value: GRPCPercentCoding.encode(message)) }
        if let rich = richForm { fields.add(name: "grpc-status-details-bin", value: rich) }
    }

    /// Nil when there are no details to carry.
    private var richForm: String? {
        guard !details.isEmpty else { return nil }
        let status = Google_Rpc_Status.with {
            $0.code = Int32(clamping: code.rawValue)
            $0.message = message
            $0.details = details
        }
        guard let bytes: [UInt8] = try? status.serializedBytes() else { return nil }
        return Base64.encode(bytes)
    }

    /// Reads a status from the trailers of a response (or its headers, when nothing else came). Nil without one.
    init?(fields: HTTPHeaders) {
        guard let text = fields.first(name: "grpc-status") else { return nil }
        guard let number = Int(text), number >= 0 else {
            self.init(.unknown, "the server sent a grpc-status that is no number")
            return
        }
        self.init(Code(rawValue: number), fields.first(name: "grpc-message").map(GRPCPercentCoding.decode) ?? "")
        // Details that cannot be read are dropped: the status itself must still arrive.
        if let rich = fields.first(name: "grpc-status-details-bin"), let bytes = Base64.decode(rich),
            let status = try? Google_Rpc_Status(serializedBytes: bytes)
        {
            details = status.details
        }
    }
}
