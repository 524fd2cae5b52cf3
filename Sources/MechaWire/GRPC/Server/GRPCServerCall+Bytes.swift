import NIOCore

// Unary calls whose messages are bytes to us: who answers them knows what they mean.
extension GRPCServerCall {
    /// Answers an exchange as a unary call, whatever method it names. False when it is no call of gRPC.
    package static func serve(
        _ exchange: ServerExchange, limits: GRPCLimits, hooks: any GRPCServerHooks = NoGRPCServerHooks(),
        _ handler: @escaping @Sendable (ByteBuffer, GRPCServerCall) async throws -> ByteBuffer
    ) -> Bool {
        guard let headers = exchange.http2Headers else { return false }
        let head = GRPCRequestHead(headers)
        guard head.isGRPC, head.isPost else { return false }
        GRPCServerCall(exchange, head, metadata: GRPCMetadata(viewing: headers), limits: limits, hooks: hooks).start { call in
            do {
                let frame = try await call.onlyFrame()
                let payload = try GRPCMessageCoding.payload(of: frame, encoding: call.requestEncoding, limits: limits)
                call.respond(bytes: try await handler(payload, call))
            } catch {
                call.end(throwing: error)
            }
        }
        return true
    }

    /// The path of a call of gRPC; nil for other requests.
    package static func path(of exchange: ServerExchange) -> String? {
        guard let headers = exchange.http2Headers else { return nil }
        let head = GRPCRequestHead(headers)
        return head.isGRPC && head.isPost ? head.path : nil
    }
}
