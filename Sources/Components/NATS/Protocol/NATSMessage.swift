import NIOCore

/// A message as it came.
struct NATSMessage: Sendable, Equatable {
    var subject: String
    /// The client's number of the subscription that it came for.
    var subscription: UInt64
    /// Where an answer goes; nil for nowhere.
    var reply: String?
    var headers = NATSHeaders()
    var body: ByteBuffer
}
