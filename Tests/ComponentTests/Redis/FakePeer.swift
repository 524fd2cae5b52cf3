import NIOCore
import NIOPosix

/// A server of a test that speaks real bytes of the test's choice.
final class FakePeer: Sendable {
    private let channel: any Channel
    let port: Int

    /// - Parameter answer: called with what arrives; what it returns is sent back. Nil closes the connection.
    init(_ answer: @escaping @Sendable (_ received: String) -> String?) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: @Sendable (String) -> String?

        init(_ answer: @escaping @Sendable (String) -> String?) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if let text = answer(String(buffer: unwrapInboundIn(data))) {
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            } else {
                context.close(promise: nil)
            }
        }
    }
}
