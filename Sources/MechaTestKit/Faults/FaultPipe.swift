import NIOCore

/// Hands what a channel receives to its link.
final class FaultPipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: FaultLink
    private let direction: FaultProxy.Direction

    init(_ link: FaultLink, _ direction: FaultProxy.Direction) {
        self.link = link
        self.direction = direction
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { link.received(unwrapInboundIn(data), direction) }
    func channelInactive(context: ChannelHandlerContext) { link.close() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { link.close() }
}
