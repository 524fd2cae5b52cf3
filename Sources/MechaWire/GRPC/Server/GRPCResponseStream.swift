import SwiftProtobuf

/// Where a handler writes the responses of a call that has many.
public struct GRPCResponseStream<Response: Message>: Sendable {
    private let call: GRPCServerCall

    init(_ call: GRPCServerCall) { self.call = call }

    /// Sends a response and waits until the client can take more. Throws when the call is over.
    /// Must be called on the call's event loop.
    public func send(_ response: Response) async throws(GRPCStatus) { try await call.send(response) }

    /// Sends the response headers now rather than with the first message, for clients that wait for them.
    public func sendHeaders() { call.sendHeaders() }
}
