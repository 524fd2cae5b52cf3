import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers every HTTP request after it has put a message of the size that Mecha would send on a Redis stream:
/// one pipelined connection, no envelope, no look at the request.
enum PlainStreamPublisher {
    static func start(port: Int, redisPort: Int, messageBytes: Int, group: any EventLoopGroup) async throws -> any Channel {
        let replies = Replies()
        let redis = try await ClientBootstrap(group: group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ReplyHandler(replies)) }
            }
            .connect(host: "127.0.0.1", port: redisPort).get()
        let message = String(repeating: "1", count: messageBytes)
        let command = ByteBuffer(string: "*5\r\n$4\r\nXADD\r\n$5\r\nfloor\r\n$1\r\n*\r\n$4\r\ndata\r\n$\(messageBytes)\r\n\(message)\r\n")
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(RequestHandler(redis: redis, command: command, replies: replies))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    /// Who waits for which reply, oldest first. Lives on the one event loop, hence the unchecked Sendable.
    private final class Replies: @unchecked Sendable {
        private var waiting = CircularBuffer<any Channel>()

        func expect(_ channel: any Channel) { waiting.append(channel) }

        func arrived() {
            guard let channel = waiting.popFirst() else { return }
            channel.write(HTTPServerResponsePart.head(.init(version: .http1_1, status: .noContent)), promise: nil)
            channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        }
    }

    private final class ReplyHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let replies: Replies
        private var lineFeeds = 0

        init(_ replies: Replies) { self.replies = replies }

        /// A reply is a bulk string: two lines.
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            for byte in unwrapInboundIn(data).readableBytesView where byte == UInt8(ascii: "\n") {
                lineFeeds += 1
                if lineFeeds.isMultiple(of: 2) { replies.arrived() }
            }
        }
    }

    private final class RequestHandler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart

        private let redis: any Channel
        private let command: ByteBuffer
        private let replies: Replies

        init(redis: any Channel, command: ByteBuffer, replies: Replies) {
            self.redis = redis
            self.command = command
            self.replies = replies
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            replies.expect(context.channel)
            redis.writeAndFlush(command, promise: nil)
        }
    }
}
