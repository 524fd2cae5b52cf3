/// The only response of a call, with what came around it.
public struct GRPCResponse<Message: Sendable>: Sendable {
    public var message: Message
    /// Metadata that came before the message.
    public var metadata: GRPCMetadata
    /// Metadata that came with the status.
    public var trailingMetadata: GRPCMetadata
}
