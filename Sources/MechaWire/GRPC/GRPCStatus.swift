import SwiftProtobuf

/// The outcome of a gRPC call: what a server answers and a client hears. Thrown for everything but OK.
public struct GRPCStatus: Error, Sendable {
    public var code: Code
    /// For people; never carries a payload, key or token.
    public var message: String
    /// What programs can read, such as google.rpc.ErrorInfo; travels as `grpc-status-details-bin`.
    public var details: [Google_Protobuf_Any]

    public init(_ code: Code, _ message: String = "", details: [Google_Protobuf_Any] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    public static let ok = GRPCStatus(.ok)

    /// Adds a detail; messages of proto3 always serialize, any other that does not is left out.
    public mutating func attach(_ detail: some Message) {
        guard let packed = try? Google_Protobuf_Any(message: detail) else { return }
        details.append(packed)
    }
}

extension GRPCStatus: CustomStringConvertible {
    public var description: String { message.isEmpty ? code.description : "\(code): \(message)" }
}
