import NIOCore
import NIOTLS

/// Waits for the end of a TLS handshake and tells which protocol was agreed on; then it is to be removed.
final class TLSNegotiationHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let promise: EventLoopPromise<String?>
    private let timeout: TimeAmount
    private var deadline: Scheduled<Void>?
    private var isDone = false

    init(promise: EventLoopPromise<String?>, timeout: TimeAmount) {
        self.promise = promise
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        let promise = promise
        deadline = context.eventLoop.scheduleTask(in: timeout) {
            promise.fail(WireError(.tlsFailed, "the TLS handshake did not finish in time"))
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        fail(WireError(.tlsFailed, "the peer closed the connection in the TLS handshake"))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated) = event as? TLSUserEvent {
            isDone = true
            deadline?.cancel()
            promise.succeed(negotiated)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(WireError(.tlsFailed, "the TLS handshake failed: \(error)", cause: error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(WireError(.tlsFailed, "the peer closed the connection in the TLS handshake"))
        context.fireChannelInactive()
    }

    private func fail(_ error: WireError) {
        guard !isDone else { return }
        isDone = true
        promise.fail(error)
    }
}
