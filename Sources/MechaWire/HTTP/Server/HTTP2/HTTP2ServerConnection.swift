import NIOCore
import NIOHPACK
import NIOHTTP1

/// An HTTP/2 connection that a client made: carries bytes between the channel and an ``HTTP2ServerMachine``, and
/// gives each stream to an exchange. Confined to its event loop, hence the unchecked Sendable.
final class HTTP2ServerConnection: ChannelInboundHandler, ServerConnection, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        case serving
        /// GOAWAY with the highest stream id is sent; when our PING comes back, the client has seen it.
        case announcing
        /// The last stream we serve is told; we wait for those under way.
        case draining
        /// Our last byte is sent. What the peer still sends is thrown away until it closes, so that the kernel does
        /// not reset the connection before it has seen our GOAWAY.
        case lingering
        case closed
    }

    let shard: ListenerShard
    var shardIndex = -1
    private var context: ChannelHandlerContext?

    private(set) var phase = Phase.serving
    private var machine: HTTP2ServerMachine
    /// Streams whose head came in this read burst without their end.
    private var unhandled: [HTTP2ServerStream] = []
    private var resets: ResetCounter
    /// Whether a stream was opened since the connection was last seen idle.
    private var hadStreams = false

    private var isInReadBurst = false
    private var isFlushScheduled = false
    private var isFlushing = false
    private var isSettling = false
    /// The tick at which the connection became idle, or the present wait began.
    private var waitingSince: UInt32

    private static let announceTimeout = TimeAmount.seconds(1)
    private static let lingerTimeout = TimeAmount.seconds(2)
    /// Bytes that are written at once, and how often before others on the loop get their turn.
    private static let writeBytes = 64 << 10
    private static let writesPerTurn = 8
    /// What a joint buffer keeps of its room for the next flush.
    private static let keptBufferBytes = 128 << 10

    init(shard: ListenerShard, upgrade: HTTP2Upgrade? = nil) {
        self.shard = shard
        machine = HTTP2ServerMachine(limits: shard.limits, upgrade: upgrade)
        resets = ResetCounter(limit: shard.limits.resetsPerWindow)
        waitingSince = shard.tick
    }

    // MARK: - Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        lendBuffer()
        machine.writeSettings()
        // A client that upgrades waits for them; of any other the first bytes are read next.
        if machine.upgrade != nil { flushNow() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        shard.remove(self)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .lingering, phase != .closed else { return }
        isInReadBurst = true
        lendBuffer()
        machine.tick = shard.tick
        machine.receive(unwrapInboundIn(data))
        let now = NIODeadline.now()
        while let event = machine.next(at: now) { handle(event) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInReadBurst = false
        if !unhandled.isEmpty {
            let streams = unhandled
            unhandled.removeAll(keepingCapacity: true)
            for stream in streams { stream.handOver() }
        }
        flushNow()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            // HTTP/2 has GOAWAY to say that no requests follow; a closed connection is the end of everything.
            close()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        shard.remove(self)
        failStreams(WireError(.connectionClosed, "the client closed the connection"))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        machine.isWritable = isWritable
        if machine.canSendMore { flush() }
        for stream in machine.owners { stream.channelWritabilityChanged(isWritable) }
        settle()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failStreams(WireError(.connectionClosed, "the connection to the client failed", cause: error))
        close()
    }

    // MARK: - Requests

    private func handle(_ event: HTTP2ServerMachine.Event) {
        switch event {
        case .request(let id, let headers, let summary, let isEnd): begin(id, headers, summary, isEnd: isEnd)
        case .data(let id, let chunk, let isEnd):
            guard let stream = machine.owner(of: id) else { return }
            stream.received(chunk)
            if isEnd { stream.requestEnded(trailers: nil) } else { machine.returnWindow(of: id) }
        case .trailers(let id, let trailers): machine.owner(of: id)?.requestEnded(trailers: trailers)
        case .reset(_, let stream):
            stream?.fail(WireError(.cancelled, "the client cancelled the request"))
            countReset()
        case .streamFailed(_, let stream):
            stream?.fail(WireError(.malformed, "the client broke the rules of HTTP/2"))
            countReset()
        case .drainPingAnswered: if phase == .announcing { announceLastStream() }
        case .limitExceeded(let limit): shard.observer.limitExceeded(limit)
        case .failed(_, let limit):
            if let limit { shard.observer.limitExceeded(limit) }
            finish(failing: WireError(.malformed, "the client broke the rules of HTTP/2"))
        }
    }

    private func begin(_ id: UInt32, _ headers: HPACKHeaders, _ summary: HTTP2RequestSummary, isEnd: Bool) {
        hadStreams = true
        resets.streamOpened()
        let stream = HTTP2ServerStream(id: id, connection: self, request: summary)
        machine.setOwner(stream, of: id)
        if let refusal = refusal(of: summary) { return refuse(stream, refusal) }
        stream.begin(headers)
        if isEnd { stream.requestEnded(trailers: nil) } else { unhandled.append(stream) }
    }

    private enum Refusal {
        case status(HTTPResponseStatus)
        case overloaded
    }

    private func refusal(of request: HTTP2RequestSummary) -> Refusal? {
        if request.listBytes > shard.limits.headerBytes {
            shard.observer.limitExceeded(.headerBytes)
            return .status(.requestHeaderFieldsTooLarge)
        }
        if request.isCONNECT { return .status(.notImplemented) }
        if machine.pendingBytes > shard.limits.pendingConnectionBytes {
            shard.observer.limitExceeded(.pendingConnectionBytes)
            return .overloaded
        }
        return nil
    }

    private func refuse(_ stream: HTTP2ServerStream, _ refusal: Refusal) {
        switch refusal {
        case .status(let status): stream.sendWhole(status, [:], body: nil)
        case .overloaded: reset(stream, .refusedStream)
        }
    }

    private func countReset() {
        guard resets.resetReceived(window: shard.window(of: shard.limits.resetWindow)) else { return }
        shard.observer.limitExceeded(.resets)
        fail(.enhanceYourCalm)
    }

    private func failStreams(_ error: WireError) {
        unhandled = []
        for stream in machine.removeAll() { stream.fail(error) }
    }

    // MARK: - For the streams

    var isChannelWritable: Bool { context?.channel.isWritable ?? false }
    var peerAddress: SocketAddress? { context?.channel.remoteAddress }

    func isWritable(_ stream: HTTP2ServerStream) -> Bool { isChannelWritable && !machine.isBlocked(stream.id) }

    func standing(of stream: HTTP2ServerStream) -> HTTP2ServerMachine.Standing? { machine.standing(of: stream.id) }

    func setReading(_ isReading: Bool, on stream: HTTP2ServerStream) {
        lendBuffer()
        machine.tick = shard.tick
        machine.setReading(isReading, on: stream.id)
        if machine.output.isEmpty { takeBackBuffer() } else { flush() }
    }

    func sendHeaders(
        on stream: HTTP2ServerStream, isEnd: Bool, _ write: (inout HeaderBlockEncoder, inout ByteBuffer) -> Void
    ) {
        lendBuffer()
        machine.sendHeaders(stream.id, isEnd: isEnd, write)
    }

    func sendTrailers(_ trailers: HTTP2Trailers, on stream: HTTP2ServerStream) {
        lendBuffer()
        machine.sendTrailers(stream.id, trailers)
    }

    /// True if the writer of the stream has to wait from now on.
    func sendData(_ chunk: ByteBuffer, isEnd: Bool, on stream: HTTP2ServerStream) -> Bool {
        lendBuffer()
        machine.tick = shard.tick
        let pendingBytes = machine.sendData(stream.id, chunk, isEnd: isEnd)
        guard !isEnd, pendingBytes >= shard.limits.bufferedBodyBytes else { return false }
        // What one flush can get rid of does not count as blocked.
        flushNow()
        return machine.block(stream.id)
    }

    func reset(_ stream: HTTP2ServerStream, _ code: HTTP2Code) {
        guard machine.owner(of: stream.id) != nil else { return }
        lendBuffer()
        machine.reset(stream.id, code)
        flush()
    }

    // MARK: - Writing

    /// Lets the machine write into the buffer that the loop's connections share.
    private func lendBuffer() {
        if machine.output.joint.capacity == 0 {
            swap(&machine.output.joint, &shard.scratch)
            machine.output.joint.clear(minimumCapacity: 512)
        }
    }

    /// The same buffer back when nothing was written: a connection that waits has none.
    private func takeBackBuffer() {
        guard machine.output.joint.capacity > 0 else { return }
        keep(machine.output.take().joint)
    }

    private func keep(_ buffer: ByteBuffer) {
        if shard.scratch.capacity == 0, buffer.capacity <= Self.keptBufferBytes { shard.scratch = buffer }
    }

    /// Makes what is written leave: with the rest of the read burst; at the end of this turn of the loop
    /// when other streams may have something to add; else at once.
    func flush() {
        guard !isInReadBurst, !isFlushScheduled else { return }
        if machine.streams.count > 1 || isFlushing { scheduleFlush() } else { flushNow() }
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        shard.context.loop.execute { [self] in
            isFlushScheduled = false
            flushNow()
        }
    }

    private func flushNow() {
        guard !isFlushing else { return scheduleFlush() }
        isFlushing = true
        machine.tick = shard.tick
        for _ in 0..<Self.writesPerTurn where writeOut() {}
        isFlushing = false
        if machine.canSendMore { scheduleFlush() }
        if !isInReadBurst { settle() }
    }

    /// Writes what is there, and bodies that wait; true if there may be more.
    private func writeOut() -> Bool {
        guard let context, phase != .closed else { return false }
        machine.isWritable = context.channel.isWritable
        machine.sendPending(upTo: Self.writeBytes)
        guard !machine.output.isEmpty else {
            takeBackBuffer()
            return false
        }
        // Taken out first: writing may call back.
        let (sealed, joint) = machine.output.take()
        for buffer in sealed { context.write(wrapOutboundOut(buffer), promise: nil) }
        if joint.readableBytes > 0 { context.write(wrapOutboundOut(joint), promise: nil) }
        context.flush()
        // Usually the kernel took all of it; then the next flush can build in it.
        keep(joint)
        return machine.canSendMore
    }

    /// Tells others what has changed, once nothing is under way here.
    private func settle() {
        guard !isSettling else { return }
        isSettling = true
        while let stream = machine.unblocked.popLast() { stream.unblocked() }
        isSettling = false
        guard hadStreams, machine.streams.isEmpty else { return }
        hadStreams = false
        waitingSince = shard.tick
        if phase == .draining { finish(failing: nil) }
    }

    // MARK: - Closing

    /// Ends the connection for what the client did.
    private func fail(_ code: HTTP2Code) {
        guard phase != .lingering, phase != .closed else { return }
        lendBuffer()
        _ = machine.fail(code)
        finish(failing: WireError(.malformed, "the client was disconnected"))
    }

    /// Sends what is written, closes our side and waits for the peer's.
    private func finish(failing error: WireError?) {
        guard phase != .lingering, phase != .closed, let context else { return }
        phase = .lingering
        waitingSince = shard.tick
        if let error { failStreams(error) }
        machine.stop()
        _ = writeOut()
        context.close(mode: .output, promise: nil)
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        context?.close(promise: nil)
    }

    func drain() {
        guard phase == .serving else { return }
        phase = .announcing
        waitingSince = shard.tick
        lendBuffer()
        machine.writeGoAway(HTTP2ServerMachine.highestStream, .noError)
        machine.writePing(HTTP2ServerMachine.drainPing, isAnswer: false)
        flushNow()
    }

    private func announceLastStream() {
        phase = .draining
        waitingSince = shard.tick
        lendBuffer()
        machine.announceLastStream()
        flushNow()
        if machine.streams.isEmpty { finish(failing: nil) }
    }

    func sweep() {
        let limits = shard.limits
        machine.tick = shard.tick
        switch phase {
        case .announcing where shard.hasPassed(Self.announceTimeout, since: waitingSince): announceLastStream()
        case .lingering where shard.hasPassed(Self.lingerTimeout, since: waitingSince): close()
        case .serving where !machine.isOpen && shard.hasPassed(limits.headerReadTimeout, since: waitingSince):
            shard.observer.limitExceeded(.headerReadTimeout)
            fail(.settingsTimeout)
        case .serving where machine.streams.isEmpty && shard.hasPassed(limits.idleTimeout, since: waitingSince):
            shard.observer.limitExceeded(.idleTimeout)
            fail(.noError)
        case .serving, .draining, .announcing: for stream in machine.owners { stream.sweep() }
        case .lingering, .closed: break
        }
    }
}
