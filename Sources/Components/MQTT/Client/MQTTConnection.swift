import MechaCore
import MechaWire
import NIOCore

/// One connection: CONNECT, packets both ways, keep-alive.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class MQTTConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let loop: any EventLoop
    private let connect: MQTTConnect
    private let limits: MQTTLimits
    private let peerName: String
    private var context: ChannelHandlerContext?
    private var framer: MQTTFramer
    private var unsent = ByteBuffer()
    private var connack: MQTTConnack?
    private var reasonForLoss: CapabilityError?
    private var keepAlive: Scheduled<Void>?
    private var pingTimer: Scheduled<Void>?
    private var hasBegun = false
    private var hasWritten = false
    private var hasRead = false

    /// Called once with the server's answer to CONNECT, when it is a good one.
    var onReady: ((MQTTConnack) -> Void)?
    var onPacket: ((MQTTPacket) -> Void)?
    /// A packet beyond the limit was passed over.
    var onOversized: ((_ bytes: Int) -> Void)?
    /// Called once when the connection is gone or could not be had.
    var onLoss: ((CapabilityError) -> Void)?

    init(loop: any EventLoop, connect: MQTTConnect, limits: MQTTLimits, peerName: String) {
        self.loop = loop
        self.connect = connect
        self.limits = limits
        self.peerName = peerName
        framer = MQTTFramer(maximumPacketBytes: limits.packetBytes)
    }

    // MARK: - Writing

    /// Writes a packet with the others of this tick.
    func write(_ packet: MQTTPacket) {
        guard context != nil, reasonForLoss == nil else { return }
        let isFirst = unsent.readableBytes == 0
        packet.write(into: &unsent, version: connect.version)
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
        write(.connect(connect))
        flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Who dials knows better why a connection never came to be.
        if hasBegun { lose(CapabilityError(.unavailable, "the connection to the MQTT server at \(peerName) ended")) }
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose(CapabilityError(.unavailable, "the MQTT server at \(peerName) closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(
            CapabilityError(
                .unavailable, "the connection to the MQTT server at \(peerName) failed: \(SocketDialer.describe(error))", cause: error))
    }

    /// Says good-bye, sends what is unsent, and closes.
    func disconnect() {
        write(.disconnect(.success, .none))
        flush()
        close(CapabilityError(.closed, "the MQTT connection is closed"))
    }

    /// Gives the connection up at once.
    func close(_ reason: CapabilityError) {
        lose(reason)
        context?.close(promise: nil)
    }

    private func lose(_ reason: CapabilityError) {
        guard reasonForLoss == nil else { return }
        reasonForLoss = reason
        keepAlive?.cancel()
        pingTimer?.cancel()
        let callback = onLoss
        onLoss = nil
        onReady = nil
        onPacket = nil
        onOversized = nil
        callback?(reason)
    }

    // MARK: - Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard reasonForLoss == nil else { return }
        hasRead = true
        pingTimer?.cancel()
        pingTimer = nil
        framer.append(unwrapInboundIn(data))
        do throws(MQTTError) {
            while reasonForLoss == nil, let unit = try framer.next() {
                switch unit {
                case .packet(let header, let body): try received(MQTTPacket.read(header: header, body: body, version: connect.version))
                case .oversized(_, let bytes): onOversized?(bytes)
                }
            }
        } catch {
            close(CapabilityError(.backend, "the MQTT server at \(peerName) broke the protocol: \(error)", cause: error))
        }
    }

    private func received(_ packet: MQTTPacket) throws(MQTTError) {
        switch packet {
        case .connack(let answer):
            guard connack == nil else { throw MQTTError(.unexpected) }
            connack = answer
            guard !answer.reason.isFailure else { return refused(answer) }
            armKeepAlive(answer.properties.number(.serverKeepAlive) ?? Int(connect.keepAlive))
            onReady?(answer)
            onReady = nil
        case .pingresp: break
        case .disconnect(let reason, let properties):
            let detail = properties.text(.reasonString).map { " (\($0))" } ?? ""
            close(CapabilityError(.unavailable, "the MQTT server at \(peerName) ended the connection: \(reason)\(detail)"))
        case .publish, .step, .suback, .unsuback:
            guard connack != nil else { throw MQTTError(.unexpected) }
            onPacket?(packet)
        case .connect, .subscribe, .unsubscribe, .pingreq: throw MQTTError(.unexpected)
        }
    }

    private func refused(_ answer: MQTTConnack) {
        let detail = answer.properties.text(.reasonString).map { " (\($0))" } ?? ""
        let code = answer.reason.capabilityCode
        close(
            CapabilityError(
                code == .backend ? .unavailable : code, "the MQTT server at \(peerName) refused the connection: \(answer.reason)\(detail)"))
    }

    // MARK: - Keep-alive

    private func armKeepAlive(_ seconds: Int) {
        guard seconds > 0 else { return }
        // A little before the server's patience ends.
        let interval = TimeAmount.milliseconds(Int64(seconds) * 800)
        keepAlive = loop.scheduleTask(in: interval) { [weak self] in
            guard let self else { return }
            if !hasWritten || !hasRead { probe() }
            hasWritten = false
            hasRead = false
            armKeepAlive(seconds)
        }
    }

    /// Asks for a sign of life.
    func probe() {
        guard connack != nil, reasonForLoss == nil, pingTimer == nil else { return }
        write(.pingreq)
        pingTimer = loop.scheduleTask(in: limits.pingTimeout) { [weak self] in
            guard let self else { return }
            close(CapabilityError(.unavailable, "the MQTT server at \(peerName) has not answered a ping"))
        }
    }
}
