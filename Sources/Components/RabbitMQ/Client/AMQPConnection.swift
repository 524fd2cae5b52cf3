import MechaCore
import MechaWire
import NIOCore

/// One connection: login, channels, heartbeats.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class AMQPConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let loop: any EventLoop
    private let limits: RabbitLimits
    private let peerName: String
    private var handshake: AMQPHandshake
    private var agreement: AMQPHandshake.Agreement?
    private var context: ChannelHandlerContext?
    private var framer = AMQPFramer()
    private var unsent = ByteBuffer()
    private var channels: [UInt16: AMQPChannel] = [:]
    private var lastChannel: UInt16 = 0
    private var reasonForLoss: CapabilityError?
    private var heartbeat: Scheduled<Void>?
    private var hasBegun = false
    private var hasWritten = false
    private var silentBeats = 0

    /// Called once when the connection can be used.
    var onReady: ((_ greeting: ()) -> Void)?
    /// The server takes no messages for now (with its reason), or takes them again (nil).
    var onBlocked: ((String?) -> Void)?
    /// Called once when the connection is gone or could not be had.
    var onLoss: ((CapabilityError) -> Void)?

    init(loop: any EventLoop, configuration: RabbitConfiguration) {
        self.loop = loop
        limits = configuration.limits
        peerName = configuration.dialer.peerName
        handshake = AMQPHandshake(configuration)
    }

    // MARK: - Channels

    /// Opens a channel.
    func openChannel() -> EventLoopFuture<AMQPChannel> {
        guard reasonForLoss == nil, let agreement, channels.count < Int(agreement.channels) else {
            return loop.makeFailedFuture(
                reasonForLoss ?? CapabilityError(.resourceExhausted, "all channels of the RabbitMQ connection are in use"))
        }
        repeat { lastChannel = lastChannel >= agreement.channels ? 1 : lastChannel + 1 } while channels[lastChannel] != nil
        let channel = AMQPChannel(id: lastChannel, connection: self, loop: loop, limits: limits)
        channels[channel.id] = channel
        return channel.call(.channelOpen).map { _ in channel }
    }

    func forget(_ channel: AMQPChannel) {
        if channels[channel.id] === channel { channels[channel.id] = nil }
    }

    // MARK: - Writing

    /// Writes a method with the others of this tick.
    func write(_ method: AMQPMethod, channel: UInt16) {
        append { AMQPFrame.write(.method, channel: channel, into: &$0) { method.write(into: &$0) } }
    }

    /// Writes a message: method, header and as many body frames as it takes.
    func write(_ publish: RabbitPublish, channel: UInt16) {
        let piece = (agreement?.frameBytes ?? 4096) - AMQPFrame.overhead
        append { buffer in
            buffer.reserveCapacity(minimumWritableBytes: publish.body.readableBytes + 512)
            AMQPFrame.write(.method, channel: channel, into: &buffer) {
                AMQPMethod.basicPublish(exchange: publish.exchange, routingKey: publish.routingKey, isMandatory: publish.isMandatory).write(
                    into: &$0)
            }
            AMQPFrame.write(.header, channel: channel, into: &buffer) {
                AMQPContentHeader(bodyBytes: UInt64(publish.body.readableBytes), properties: publish.properties).write(into: &$0)
            }
            var rest = publish.body
            while rest.readableBytes > 0, let part = rest.readSlice(length: min(piece, rest.readableBytes)) {
                AMQPFrame(kind: .body, channel: channel, payload: part).write(into: &buffer)
            }
        }
    }

    private func append(_ body: (inout ByteBuffer) -> Void) {
        guard context != nil, reasonForLoss == nil else { return }
        let isFirst = unsent.readableBytes == 0
        body(&unsent)
        if isFirst { loop.execute { self.flush() } }
    }

    private func flush() {
        guard let context, unsent.readableBytes > 0 else { return }
        hasWritten = true
        context.writeAndFlush(wrapOutboundOut(unsent), promise: nil)
        unsent = ByteBuffer()
    }

    // MARK: - Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        // Given up while the connection was being made.
        guard reasonForLoss == nil else { return context.close(promise: nil) }
        hasBegun = true
        append { _ = $0.writeBytes([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]) }
        flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Who dials knows better why a connection never came to be.
        if hasBegun { lose(CapabilityError(.unavailable, "the connection to RabbitMQ at \(peerName) ended")) }
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose(CapabilityError(.unavailable, "RabbitMQ at \(peerName) closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(
            CapabilityError(.unavailable, "the connection to RabbitMQ at \(peerName) failed: \(SocketDialer.describe(error))", cause: error)
        )
    }

    /// Says good-bye and closes when the server has heard it, or after a second.
    func disconnect() {
        write(.connectionClose(AMQPCloseReason(code: 200, text: "done")), channel: 0)
        flush()
        loop.scheduleTask(in: .seconds(1)) { [weak self] in self?.close(CapabilityError(.closed, "the RabbitMQ connection is closed")) }
    }

    /// Gives the connection up at once.
    func close(_ reason: CapabilityError) {
        lose(reason)
        context?.close(promise: nil)
    }

    private func lose(_ reason: CapabilityError) {
        guard reasonForLoss == nil else { return }
        reasonForLoss = reason
        heartbeat?.cancel()
        let open = channels.values.sorted { $0.id < $1.id }
        channels.removeAll()
        for channel in open { channel.lost(reason) }
        let callback = onLoss
        onLoss = nil
        onReady = nil
        onBlocked = nil
        callback?(reason)
    }

    // MARK: - Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard reasonForLoss == nil else { return }
        silentBeats = 0
        framer.append(unwrapInboundIn(data))
        do throws(AMQPError) {
            while reasonForLoss == nil, let frame = try framer.next() { try received(frame) }
        } catch {
            close(CapabilityError(.backend, "RabbitMQ at \(peerName) broke the protocol: \(error)", cause: error))
        }
    }

    private func received(_ frame: AMQPFrame) throws(AMQPError) {
        guard frame.kind != .heartbeat else { return }
        guard frame.channel == 0 else {
            // A channel that was closed may have had frames under way.
            try channels[frame.channel]?.received(frame)
            return
        }
        guard frame.kind == .method else { throw AMQPError(.unexpected) }
        let method = try AMQPMethod.read(from: frame.payload)
        guard agreement != nil else { return greet(method) }
        switch method {
        case .connectionClose(let reason):
            write(.connectionCloseOk, channel: 0)
            flush()
            close(CapabilityError(.unavailable, "RabbitMQ at \(peerName) ended the connection: \(reason)"))
        case .connectionCloseOk: close(CapabilityError(.closed, "the RabbitMQ connection is closed"))
        case .connectionBlocked(let reason): onBlocked?(reason)
        case .connectionUnblocked: onBlocked?(nil)
        default: throw AMQPError(.unexpected)
        }
    }

    private func greet(_ method: AMQPMethod) {
        do throws(CapabilityError) {
            switch try handshake.received(method) {
            case .send(let methods):
                for method in methods { write(method, channel: 0) }
            case .ready(let agreement):
                self.agreement = agreement
                framer.maximumFrameBytes = agreement.frameBytes
                armHeartbeat(agreement.heartbeat)
                onReady?(())
                onReady = nil
            }
        } catch {
            if case .connectionClose = method {
                write(.connectionCloseOk, channel: 0)
                flush()
            }
            close(error)
        }
    }

    // MARK: - Heartbeat

    private func armHeartbeat(_ seconds: UInt16) {
        guard seconds > 0 else { return }
        heartbeat = loop.scheduleTask(in: .milliseconds(Int64(seconds) * 500)) { [weak self] in
            guard let self else { return }
            // Two whole intervals without a byte.
            guard silentBeats < 4 else {
                return close(CapabilityError(.unavailable, "RabbitMQ at \(peerName) shows no sign of life (heartBeat)"))
            }
            silentBeats += 1
            if !hasWritten { append { AMQPFrame(kind: .heartbeat, channel: 0, payload: ByteBuffer()).write(into: &$0) } }
            hasWritten = false
            armHeartbeat(seconds)
        }
    }
}
