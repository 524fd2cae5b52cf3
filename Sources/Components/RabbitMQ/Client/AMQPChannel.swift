import MechaCore
import NIOCore

/// One channel of a connection: requests that are answered in their order, messages, confirms.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class AMQPChannel: @unchecked Sendable {
    let id: UInt16
    private weak var connection: AMQPConnection?
    private let loop: any EventLoop
    private let limits: RabbitLimits
    private var assembler: AMQPContentAssembler
    private var calls = CircularBuffer<EventLoopPromise<AMQPMethod>>()
    private var isClosing = false
    private(set) var isOpen = true

    var onDeliver: ((AMQPDeliver, AMQPContentAssembler.Message) -> Void)?
    var onReturn: ((AMQPContentAssembler.Message) -> Void)?
    var onConfirm: ((_ tag: UInt64, _ isMultiple: Bool, _ isTaken: Bool) -> Void)?
    /// The server has ended a consumer, because its queue is gone.
    var onCancel: (() -> Void)?
    /// Called once when the channel is gone otherwise than by ``close()``.
    var onClose: ((CapabilityError) -> Void)?

    init(id: UInt16, connection: AMQPConnection, loop: any EventLoop, limits: RabbitLimits) {
        self.id = id
        self.connection = connection
        self.loop = loop
        self.limits = limits
        assembler = AMQPContentAssembler(maximumBytes: limits.messageBytes)
    }

    /// Sends a request and waits for its answer. Fails when the channel closes first. When there is no answer in time,
    /// the whole connection is given up: what the channel holds in the server would else be nobody's.
    func call(_ method: AMQPMethod) -> EventLoopFuture<AMQPMethod> { call(method, within: limits.answerWait) }

    private func call(_ method: AMQPMethod, within limit: TimeAmount) -> EventLoopFuture<AMQPMethod> {
        guard isOpen, let connection else { return loop.makeFailedFuture(Self.gone) }
        let promise = loop.makePromise(of: AMQPMethod.self)
        calls.append(promise)
        connection.write(method, channel: id)
        let timer = loop.scheduleTask(in: limit) { [weak connection] in
            connection?.close(
                CapabilityError(.unavailable, "RabbitMQ has not answered on a channel within \(limit.nanoseconds / 1_000_000_000) s"))
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        return promise.futureResult
    }

    /// Sends what is not answered.
    func send(_ method: AMQPMethod) {
        if isOpen { connection?.write(method, channel: id) }
    }

    func send(_ publish: RabbitPublish) {
        if isOpen { connection?.write(publish, channel: id) }
    }

    /// Closes in an orderly way: what was sent before has reached the server when the future succeeds.
    func close() -> EventLoopFuture<Void> {
        guard isOpen, !isClosing else { return loop.makeSucceededVoidFuture() }
        isClosing = true
        onClose = nil
        onDeliver = nil
        onCancel = nil
        return call(.channelClose(AMQPCloseReason(code: 200, text: "done")), within: limits.closeWait).map { _ in }.recover { _ in }
    }

    private static let gone = CapabilityError(.unavailable, "the RabbitMQ channel is closed")

    // MARK: - From the connection

    func received(_ frame: AMQPFrame) throws(AMQPError) {
        switch try assembler.received(frame) {
        case nil: break
        case .method(let method): try received(method)
        case .message(let message):
            switch message.method {
            case .basicDeliver(let deliver): onDeliver?(deliver, message)
            case .basicReturn: onReturn?(message)
            default: throw AMQPError(.unexpected)
            }
        }
    }

    private func received(_ method: AMQPMethod) throws(AMQPError) {
        switch method {
        case .basicAck(let tag, let isMultiple): onConfirm?(tag, isMultiple, true)
        case .basicNack(let tag, let isMultiple, _): onConfirm?(tag, isMultiple, false)
        case .basicCancel: onCancel?()
        case .channelFlow(let isActive): send(.channelFlowOk(isActive: isActive))
        case .channelClose(let reason):
            connection?.write(.channelCloseOk, channel: id)
            connection?.forget(self)
            lost(CapabilityError(reason.capabilityCode, "RabbitMQ closed the channel: \(reason)"))
        case .channelCloseOk:
            connection?.forget(self)
            let call = calls.popFirst()
            lost(Self.gone)
            call?.succeed(method)
        case .channelOpenOk, .exchangeDeclareOk, .queueDeclareOk, .queueBindOk, .queueDeleteOk, .basicQosOk, .basicConsumeOk,
            .basicCancelOk,
            .confirmSelectOk:
            guard let call = calls.popFirst() else { throw AMQPError(.unexpected) }
            call.succeed(method)
        default: throw AMQPError(.unexpected)
        }
    }

    func lost(_ reason: CapabilityError) {
        guard isOpen else { return }
        isOpen = false
        let failed = calls
        calls.removeAll()
        for call in failed { call.fail(reason) }
        let callback = onClose
        onClose = nil
        onDeliver = nil
        onReturn = nil
        onConfirm = nil
        onCancel = nil
        callback?(reason)
    }
}
