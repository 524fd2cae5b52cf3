import NIOCore
import NIOPosix

/// Answers every read with a small response, on any kind of address.
enum EchoOK {
    enum Address {
        case unix(String)
        case tcp(String)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")), promise: nil)
        }
    }

    static func start(on group: MultiThreadedEventLoopGroup, _ address: Address) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group.next()).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler()) }
        }
        switch address {
        case .unix(let path): return try await bootstrap.bind(unixDomainSocketPath: path).get()
        case .tcp(let host): return try await bootstrap.bind(host: host, port: 0).get()
        }
    }
}
