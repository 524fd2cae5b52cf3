import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix

/// An HTTP/2 server that answers frame by frame as a test says.
final class ScriptedHTTP2Server: Sendable {
    /// One accepted connection; used on its loop only.
    final class Connection: @unchecked Sendable {
        /// 0 for the first connection the server accepted.
        let index: Int
        let channel: any Channel

        init(index: Int, channel: any Channel) {
            self.index = index
            self.channel = channel
        }

        func send(_ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID) {
            channel.writeAndFlush(HTTP2Frame(streamID: id, payload: payload), promise: nil)
        }

        /// A whole response.
        func respond(_ body: String, on id: HTTP2StreamID, trailers: HPACKHeaders? = nil) {
            send(.headers(.init(headers: [":status": "200"])), on: id)
            send(.data(.init(data: .byteBuffer(ByteBuffer(string: body)), endStream: trailers == nil)), on: id)
            if let trailers { send(.headers(.init(headers: trailers, endStream: true)), on: id) }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame
        let connection: Connection
        let script: @Sendable (Connection, HTTP2Frame) -> Void

        init(connection: Connection, script: @escaping @Sendable (Connection, HTTP2Frame) -> Void) {
            self.connection = connection
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { script(connection, unwrapInboundIn(data)) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    let port: Int

    private init(port: Int) { self.port = port }

    /// Calls `script` for each frame. Without `validatesOutbound` the server may say what it must not.
    static func start(
        on group: MultiThreadedEventLoopGroup, settings: HTTP2Settings = nioDefaultSettings, validatesOutbound: Bool = true,
        _ script: @escaping @Sendable (Connection, HTTP2Frame) -> Void
    ) async throws -> ScriptedHTTP2Server {
        let accepted = Counter()
        let channel = try await ServerBootstrap(group: group.next())
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = Connection(index: accepted.next(), channel: channel)
                    let checks: NIOHTTP2Handler.ValidationState = validatesOutbound ? .enabled : .disabled
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOHTTP2Handler(
                            mode: .server, initialSettings: settings, headerBlockValidation: checks, contentLengthValidation: checks
                        ),
                        Handler(connection: connection, script: script),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedHTTP2Server(port: channel.localAddress?.port ?? 0)
    }
}

extension HTTP2Frame {
    /// Whether the frame is a request's head.
    var isHead: Bool {
        if case .headers = payload { return true }
        return false
    }
}
