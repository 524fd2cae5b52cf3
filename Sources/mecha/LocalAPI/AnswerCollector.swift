import NIOCore
import NIOHTTP1

/// Gathers one response and closes the connection.
final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let promise: EventLoopPromise<LocalAPI.Answer>
    private var answer: LocalAPI.Answer?

    init(_ promise: EventLoopPromise<LocalAPI.Answer>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            answer = LocalAPI.Answer(status: head.status, headers: head.headers, body: ByteBuffer())
        case .body(var part):
            answer?.body.writeBuffer(&part)
            if (answer?.body.readableBytes ?? 0) > LocalAPI.maximumAnswerBytes {
                fail(Failure(description: "the answer is larger than \(LocalAPI.maximumAnswerBytes >> 20) MiB"), context)
            }
        case .end:
            if let answer { promise.succeed(answer) }
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error, context) }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(Failure(description: "the connection ended early"))
        context.fireChannelInactive()
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
