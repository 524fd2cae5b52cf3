import MechaCore
import NIOCore

/// One connection to a server: writes requests, many per flush, and hands replies to those who wait.
///
/// Confined to its event loop, hence the unchecked Sendable; every member is used there only.
final class RedisConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let loop: any EventLoop
    private let settings: Settings
    private var context: ChannelHandlerContext?
    private var pipeline: RedisPipeline<RedisWaiter>
    private var framer: RESPFramer
    private var writer = RESPWriter()
    /// When the first request since the last flush was written; the others of that tick share it.
    private var tick = NIODeadline.uptimeNanoseconds(0)
    private var hasReceived = false
    private var timers = Timers()
    private var reasonForLoss: CapabilityError?

    /// Called for messages that answer no request (RESP3 push, RESP2 subscriptions).
    var onPush: ((ByteBuffer) -> Void)?
    /// Called once when the connection is gone.
    var onLoss: ((CapabilityError) -> Void)?

    /// What a connection has to know of the configuration.
    struct Settings: Sendable {
        var readTimeout: TimeAmount
        var writeTimeout: TimeAmount
        var limits: RedisLimits
        /// For messages: `127.0.0.1:6379`.
        var peerName: String
    }

    private struct Timers {
        var reply: Scheduled<Void>?
        var write: Scheduled<Void>?
        var keepAlive: RepeatedTask?

        func cancel() {
            reply?.cancel()
            write?.cancel()
            keepAlive?.cancel()
        }
    }

    init(loop: any EventLoop, settings: Settings) {
        self.loop = loop
        self.settings = settings
        pipeline = RedisPipeline(limits: settings.limits)
        framer = RESPFramer(limits: settings.limits.replies)
    }

    var isOpen: Bool { context != nil && reasonForLoss == nil }
    var peerName: String { settings.peerName }

    // MARK: - Requests

    /// Writes a request with the others of this tick. `timeout` nil is the configured one.
    func send(
        replies: Int, timeout: TimeAmount? = nil, isAsking: Bool = false, to waiter: RedisWaiter,
        _ encode: (inout RESPWriter) -> Void
    ) {
        loop.assertInEventLoop()
        if let refusal = refusal { return waiter.fail(refusal) }
        let start = writer.buffer.writerIndex
        writer.isAsking = isAsking
        encode(&writer)
        if !pipeline.hasUnsent { tick = .now() }
        let enqueued = pipeline.enqueue(
            waiter, replies: replies, bytes: writer.buffer.writerIndex - start,
            deadline: tick + (timeout ?? settings.readTimeout))
        if enqueued.needsFlush { loop.execute { self.flush() } }
        if let deadline = enqueued.armTimer { armReplyTimer(deadline) }
    }

    /// The same for the driver's own requests.
    func request(_ commands: [[String]]) -> EventLoopFuture<[RESPValue]> {
        let promise = loop.makePromise(of: RedisReplies.self)
        send(replies: commands.count, to: .driver(promise)) { writer in
            for command in commands { writer.command(command) }
        }
        return promise.futureResult.flatMapThrowing { try $0.values() }
    }

    private var refusal: CapabilityError? {
        if let reasonForLoss { return reasonForLoss }
        guard context != nil else { return CapabilityError(.unavailable, "not connected to Redis at \(peerName)") }
        return pipeline.refusal
    }

    private func flush() {
        guard let context, pipeline.hasUnsent else { return }
        pipeline.flushed()
        context.writeAndFlush(wrapOutboundOut(writer.take()), promise: nil)
        writer.reset()
    }

    // MARK: - Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        lose(CapabilityError(.unavailable, "the connection to Redis at \(peerName) ended"))
        self.context = nil
    }

    /// Checks from now on that a silent peer is still there.
    func startKeepAlive() {
        let interval = settings.limits.keepAliveInterval
        timers.keepAlive = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] _ in
            self?.checkIdleConnection()
        }
    }

    private func checkIdleConnection() {
        defer { hasReceived = false }
        guard !hasReceived, pipeline.isIdle, isOpen else { return }
        send(replies: 1, to: .nobody) { $0.command("PING") }
    }

    /// Takes no further requests, and closes once those in flight are answered.
    func drain() {
        if pipeline.drain() { context?.close(promise: nil) }
    }

    /// Gives the connection up at once.
    func close(_ reason: CapabilityError) {
        lose(reason)
        context?.close(promise: nil)
    }

    private func lose(_ reason: CapabilityError) {
        guard reasonForLoss == nil else { return }
        reasonForLoss = reason
        timers.cancel()
        let failures = pipeline.lost()
        var outcome = reason
        outcome.message += "; whether the command took effect is unknown"
        for waiter in failures.sent { waiter.fail(outcome) }
        outcome.code = .unavailable
        outcome.message = reason.message + "; the command was not sent"
        for waiter in failures.unsent { waiter.fail(outcome) }
        let callback = onLoss
        onLoss = nil
        onPush = nil
        callback?(reason)
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose(CapabilityError(.unavailable, "Redis at \(peerName) closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(CapabilityError(.unavailable, "the connection to Redis at \(peerName) failed: \(error)", cause: error))
    }

    // MARK: - Replies

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard reasonForLoss == nil else { return }
        hasReceived = true
        framer.append(unwrapInboundIn(data))
        do throws(RESPError) {
            while let unit = try framer.next(replies: pipeline.expectedReplies) {
                switch unit {
                case .replies(let replies): pipeline.replied()?.succeed(replies)
                case .push(let message): onPush?(message)
                }
            }
        } catch {
            return close(CapabilityError(.backend, "Redis at \(peerName) broke the protocol: \(error)", cause: error))
        }
        if pipeline.isDraining, pipeline.isIdle { context.close(promise: nil) }
    }

    // MARK: - Timers

    private func armReplyTimer(_ deadline: NIODeadline) {
        timers.reply = loop.scheduleTask(deadline: deadline) { [weak self] in self?.replyTimerFired() }
    }

    private func replyTimerFired() {
        switch pipeline.timerFired(now: .now()) {
        case .none: break
        case .rearm(let deadline): armReplyTimer(deadline)
        case .expired: close(CapabilityError(.timeout, "Redis at \(peerName) did not answer in time (readTimeout)"))
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        timers.write?.cancel()
        timers.write = nil
        guard !context.channel.isWritable, reasonForLoss == nil else { return }
        timers.write = loop.scheduleTask(in: settings.writeTimeout) { [weak self] in
            guard let self else { return }
            close(CapabilityError(.timeout, "Redis at \(peerName) does not take what is sent (writeTimeout)"))
        }
    }
}
