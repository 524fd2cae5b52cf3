/// The bounds of gRPC messages on one side of a call; a message beyond is RESOURCE_EXHAUSTED.
public struct GRPCLimits: Sendable {
    /// One message that comes in, decompressed.
    public var receivedMessageBytes = 4 << 20
    /// One message that goes out, before compression.
    public var sentMessageBytes = 1 << 30

    public init() {}

    /// The same bound both ways.
    public init(messageBytes: Int) {
        receivedMessageBytes = messageBytes
        sentMessageBytes = messageBytes
    }
}
