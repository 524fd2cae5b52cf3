import NIOCore
import NIOHTTP1

/// What carries a ``ClientExchange``: an HTTP/1.1 connection or an HTTP/2 stream, once there is one.
package protocol ClientExchangeDriver: AnyObject {
    var isWritable: Bool { get }
    func sendBody(_ chunk: ByteBuffer)
    func sendEnd(trailers: HTTPHeaders?)
    func flush()
    /// Stops or resumes taking response bytes from the peer.
    func setReading(_ isReading: Bool)
    /// Resets the stream or closes the connection.
    func cancel()
}

/// A request that goes out, and the response to it. Lives on one event loop, where every member must be
/// used; hence the unchecked Sendable. Made by ``HTTPClient/start(_:to:on:hasBody:sink:)``.
///
/// Body pieces written before a connection exists are kept (up to ``WireLimits/bufferedBodyBytes``,
/// after which ``isWritable`` is false).
public final class ClientExchange: @unchecked Sendable {
    public let context: LoopContext
    public let head: HTTPRequestHead
    /// Whether a request body follows; the end is then told by ``end(trailers:)``.
    public let hasBody: Bool
    /// Held until the exchange is over, which also breaks the cycle between the two.
    private var sink: (any ResponseSink)?

    private var driver: (any ClientExchangeDriver)?
    private var pendingBody: [ByteBuffer] = []
    private var pendingBytes = 0
    private var pendingEnd: HTTPHeaders??
    private var isReading = true
    private let bufferLimit: Int
    /// Tells the pool that a request that still waits for a connection is given up.
    package var onCancelBeforeStart: (() -> Void)?

    /// Whether any byte of the request was given to a connection.
    public private(set) var hasStarted = false
    public private(set) var isFinished = false

    package init(context: LoopContext, head: HTTPRequestHead, hasBody: Bool, sink: any ResponseSink, limits: WireLimits) {
        self.context = context
        self.head = head
        self.hasBody = hasBody
        self.sink = sink
        self.bufferLimit = limits.bufferedBodyBytes
    }

    public var isWritable: Bool { driver?.isWritable ?? (pendingBytes < bufferLimit) }

    /// Sends a piece of the request body without waiting.
    public func write(_ chunk: ByteBuffer, flush: Bool = true) {
        context.loop.assertInEventLoop()
        guard !isFinished else { return }
        if let driver {
            driver.sendBody(chunk)
            if flush { driver.flush() }
        } else {
            pendingBody.append(chunk)
            pendingBytes += chunk.readableBytes
        }
    }

    public func flush() { driver?.flush() }

    /// Ends the request body.
    public func end(trailers: HTTPHeaders? = nil) {
        guard !isFinished else { return }
        if let driver { driver.sendEnd(trailers: trailers) } else { pendingEnd = .some(trailers) }
    }

    /// Back-pressure on the response.
    public func setReading(_ isReading: Bool) {
        self.isReading = isReading
        driver?.setReading(isReading)
    }

    /// Gives the request up; the sink hears nothing more.
    public func cancel() {
        guard !isFinished else { return }
        isFinished = true
        sink = nil
        let driver = driver
        self.driver = nil
        if let driver { driver.cancel() } else { onCancelBeforeStart?() }
        onCancelBeforeStart = nil
    }

    // MARK: - From the carrier

    /// A connection or stream took the request; its head is sent, and what waited follows.
    package func attached(to driver: any ClientExchangeDriver) {
        self.driver = driver
        hasStarted = true
        onCancelBeforeStart = nil
        if !isReading { driver.setReading(false) }
        for chunk in pendingBody { driver.sendBody(chunk) }
        pendingBody = []
        if let trailers = pendingEnd {
            driver.sendEnd(trailers: trailers)
        } else if pendingBytes > 0 {
            driver.flush()
            sink?.requestWritabilityChanged(driver.isWritable)
        }
        pendingBytes = 0
        pendingEnd = nil
    }

    package func responseStarted(_ head: HTTPResponseHead) { if !isFinished { sink?.responseStarted(head) } }

    package func responseBody(_ chunk: ByteBuffer) { if !isFinished { sink?.responseBody(chunk) } }

    package func writabilityChanged(_ isWritable: Bool) {
        if !isFinished { sink?.requestWritabilityChanged(isWritable) }
    }

    package func responseEnded(trailers: HTTPHeaders?) {
        guard let sink = finish() else { return }
        sink.responseEnded(trailers: trailers)
    }

    package func failed(_ error: WireError) {
        guard let sink = finish() else { return }
        sink.responseFailed(error)
    }

    private func finish() -> (any ResponseSink)? {
        guard !isFinished else { return nil }
        isFinished = true
        driver = nil
        onCancelBeforeStart = nil
        defer { sink = nil }
        return sink
    }
}
