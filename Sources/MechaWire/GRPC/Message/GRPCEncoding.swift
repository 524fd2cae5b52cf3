import MechaCore

/// How the bytes of a compressed message are encoded (`grpc-encoding`).
enum GRPCEncoding: String, Sendable {
    case identity
    case gzip

    /// What we can read, as `grpc-accept-encoding` says it.
    static let accepted = "identity,gzip"

    /// Whether the list in a `grpc-accept-encoding` names gzip.
    static func isGzipAccepted(in list: String) -> Bool {
        list.split(separator: ",").contains { $0.trimmingBlanks() == "gzip" }
    }
}
