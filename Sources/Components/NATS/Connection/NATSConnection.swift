import MechaCore
import MechaWire
import NIOCore
import NIOSSL
import NIOTLS

/// One connection to a server: writes operations, many per flush, and hands what comes to its owner.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class NATSConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let loop: any EventLoop
    let address: NATSAddress
    private(set) var info = NATSServerInfo()
    private let limits: NATSLimits
    private let makeTLS: () throws -> NIOSSLContext
    private var context: ChannelHandlerContext?
    private var parser: NATSParser
    private var handshake: NATSHandshake
    private var writer = NATSWriter()
    private var needsFlush = false
    private var ready: EventLoopPromise<Void>?
    private var pongs = CircularBuffer<() -> Void>()
    private var keepAlive: RepeatedTask?
    private var hasReceived = false
    private var unansweredChecks = 0
    private var reasonForLoss: CapabilityError?

    var onMessage: ((NATSMessage) -> Void)?
    /// The server refused something and keeps the connection.
    var onComplaint: ((String) -> Void)?
    /// Called once when the connection is gone.
    var onLoss: ((CapabilityError) -> Void)?

    init(
        loop: any EventLoop, address: NATSAddress, configuration: NATSConfiguration, ready: EventLoopPromise<Void>,
        makeTLS: @escaping () throws -> NIOSSLContext
    ) {
        self.loop = loop
        self.address = address
        self.ready = ready
        self.makeTLS = makeTLS
        limits = configuration.limits
        parser = NATSParser(limits: configuration.limits)
        handshake = NATSHandshake(address: address, configuration: configuration)
    }

    var isOpen: Bool { context != nil && reasonForLoss == nil }

    // MARK: - Sending

    /// Writes with everything else of this tick.
    func send(_ encode: (inout NATSWriter) -> Void) {
        loop.assertInEventLoop()
        guard isOpen else { return }
        encode(&writer)
        guard !needsFlush else { return }
        needsFlush = true
        loop.execute { self.flush() }
    }

    /// Calls back when the server has taken everything that was sent so far; also when the connection is lost.
    func whenTaken(_ body: @escaping () -> Void) {
        guard isOpen else { return body() }
        pongs.append(body)
        send { $0.ping() }
    }

    private func flush() {
        needsFlush = false
        guard let context, writer.buffer.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(writer.take()), promise: nil)
        writer.reset()
    }

    // MARK: - Life

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        lose(CapabilityError(.unavailable, "the connection to NATS at \(address) ended"))
        self.context = nil
    }

    /// Gives the connection up at once, after what was written.
    func close(_ reason: CapabilityError) {
        flush()
        lose(reason)
        context?.close(promise: nil)
    }

    private func lose(_ reason: CapabilityError) {
        guard reasonForLoss == nil else { return }
        reasonForLoss = reason
        keepAlive?.cancel()
        let waiting = pongs
        pongs.removeAll()
        for body in waiting { body() }
        ready?.fail(reason)
        ready = nil
        onMessage = nil
        onComplaint = nil
        let callback = onLoss
        onLoss = nil
        callback?(reason)
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose(CapabilityError(.unavailable, "NATS at \(address) closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(CapabilityError(.unavailable, "the connection to NATS at \(address) failed: \(error)", cause: error))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { follow { () throws(CapabilityError) in try handshake.secured() } }
        context.fireUserInboundEventTriggered(event)
    }

    private func startKeepAlive() {
        let interval = limits.keepAliveInterval
        keepAlive = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] _ in self?.checkSilence() }
    }

    private func checkSilence() {
        defer { hasReceived = false }
        guard !hasReceived else {
            unansweredChecks = 0
            return
        }
        guard unansweredChecks < 2 else {
            return close(CapabilityError(.timeout, "NATS at \(address) does not answer (keepAliveInterval)"))
        }
        unansweredChecks += 1
        whenTaken {}
    }

    // MARK: - Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard reasonForLoss == nil else { return }
        hasReceived = true
        parser.append(unwrapInboundIn(data))
        do throws(NATSProtocolError) {
            while reasonForLoss == nil, let operation = try parser.next() { take(operation) }
        } catch {
            close(CapabilityError(.backend, "NATS at \(address) broke the protocol: \(error)", cause: error))
        }
    }

    private func take(_ operation: NATSParser.Operation) {
        guard ready == nil else { return follow { () throws(CapabilityError) in try handshake.received(operation) } }
        switch operation {
        case .message(let message): onMessage?(message)
        case .ping: send { $0.pong() }
        case .pong: pongs.popFirst()?()
        case .info(let info): self.info = info
        case .ok: break
        case .error(let text):
            // The server closes the connection after most of these; permissions are the exception.
            if text.lowercased().hasPrefix("permissions violation") {
                onComplaint?(text)
            } else {
                close(NATSHandshake.failure(text, address))
            }
        }
    }

    private func follow(_ step: () throws(CapabilityError) -> NATSHandshake.Step) {
        do throws(CapabilityError) {
            switch try step() {
            case .none: break
            case .startTLS: startTLS()
            case .send(let options):
                send { writer in
                    writer.connect(options)
                    writer.ping()
                }
            case .done(let info):
                self.info = info
                startKeepAlive()
                let ready = ready
                self.ready = nil
                ready?.succeed()
            }
        } catch {
            close(error)
        }
    }

    private func startTLS() {
        guard let context else { return }
        do {
            let handler = try TLSClientHandler.make(try makeTLS(), for: address.host)
            try context.pipeline.syncOperations.addHandler(handler, position: .first)
        } catch {
            close(error as? CapabilityError ?? CapabilityError(.misconfigured, "TLS cannot be used: \(error)", cause: error))
        }
    }
}
