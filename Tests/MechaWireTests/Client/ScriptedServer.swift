import NIOCore
import NIOPosix

/// A TCP server that answers raw bytes as a test says.
final class ScriptedServer: Sendable {
    /// One accepted connection; used on its loop only.
    final class Connection: @unchecked Sendable {
        /// 0 for the first connection the server accepted.
        let index: Int
        let channel: any Channel
        /// All bytes that came and were not taken yet.
        var received = ""

        init(index: Int, channel: any Channel) {
            self.index = index
            self.channel = channel
        }

        func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        func close() { channel.close(promise: nil) }

        /// The next complete request head, taken out of what was received.
        func takeHead() -> String? {
            guard let end = received.firstRange(of: "\r\n\r\n") else { return nil }
            defer { received.removeSubrange(..<end.upperBound) }
            return String(received[..<end.upperBound])
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let connection: Connection
        let script: @Sendable (Connection) -> Void

        init(connection: Connection, script: @escaping @Sendable (Connection) -> Void) {
            self.connection = connection
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            connection.received += String(buffer: unwrapInboundIn(data))
            script(connection)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let channel: any Channel
    let port: Int

    private init(channel: any Channel) {
        self.channel = channel
        self.port = channel.localAddress?.port ?? 0
    }

    /// Calls `script` each time bytes came on a connection.
    static func start(
        on group: MultiThreadedEventLoopGroup, _ script: @escaping @Sendable (Connection) -> Void
    ) async throws -> ScriptedServer {
        let accepted = Counter()
        let channel = try await ServerBootstrap(group: group.next())
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = Connection(index: accepted.next(), channel: channel)
                    try channel.pipeline.syncOperations.addHandler(Handler(connection: connection, script: script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedServer(channel: channel)
    }

    func stop() async throws { try await channel.close() }
}
