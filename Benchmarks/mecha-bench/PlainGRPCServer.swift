import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix

/// Answers every gRPC request with one message of the size that Mecha's GetState would send.
enum PlainGRPCServer {
    static func start(port: Int, messageBytes: Int, group: any EventLoopGroup) async throws -> any Channel {
        var message = ByteBuffer()
        message.writeInteger(UInt8(0))
        message.writeInteger(UInt32(messageBytes))
        message.writeRepeatingByte(0, count: messageBytes)
        let answer = message
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                        mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
                    ) { stream in
                        stream.eventLoop.makeCompletedFuture {
                            try stream.pipeline.syncOperations.addHandler(Handler(message: answer))
                        }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame.FramePayload
        typealias OutboundOut = HTTP2Frame.FramePayload

        private let message: ByteBuffer

        init(message: ByteBuffer) { self.message = message }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .data(let frame) = unwrapInboundIn(data), frame.endStream else { return }
            let head: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]
            let trailers: HPACKHeaders = ["grpc-status": "0"]
            context.write(wrapOutboundOut(.headers(.init(headers: head))), promise: nil)
            context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(message)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.headers(.init(headers: trailers, endStream: true))), promise: nil)
        }
    }
}
