import NIOCore

/// Turns a connection away that is beyond the limit.
final class ConnectionRefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let isAnswered: Bool

    init(isAnswered: Bool) { self.isAnswered = isAnswered }

    private static let answer = ByteBuffer(
        staticString: "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n\r\n")

    func channelActive(context: ChannelHandlerContext) {
        guard isAnswered else { return context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(Self.answer), promise: nil)
        context.close(mode: .output, promise: nil)
        // Closing outright with the request unread would reset the connection and lose the answer.
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
    }
}
