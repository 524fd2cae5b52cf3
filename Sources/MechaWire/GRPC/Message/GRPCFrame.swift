import NIOCore

/// One length-prefixed message of a gRPC stream (PROTOCOL-HTTP2: a byte for "compressed", four for the length).
struct GRPCFrame: Equatable, Sendable {
    static let prefixBytes = 5

    var isCompressed: Bool
    var payload: ByteBuffer
}
