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
/// A request without a body leaves at once. The head of one with a body leaves with the first flush, so
/// that head and body share a packet: write with `flush: true`, call ``flush()``, or ``end(trailers:)``.
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
    private var pending = PendingBody()
    private var isReading = true
    private let bufferLimit: Int
    /// Tells the pool that a request that still waits for a connection is given up.
    var onCancelBeforeStart: (() -> Void)?

    /// Whether the request was given to a connection.
    public private(set) var hasStarted = false
    public private(set) var isFinished = false
    /// Whether any part of the body, or its end, was given to a connection.
    private var hasSentBody = false
    private var hasRetried = false

    init(context: LoopContext, head: HTTPRequestHead, hasBody: Bool, sink: any ResponseSink, limits: WireLimits) {
        self.context = context
        self.head = head
        self.hasBody = hasBody
        self.sink = sink
        self.bufferLimit = limits.bufferedBodyBytes
    }

    public var isWritable: Bool { driver?.isWritable ?? (pending.bytes < bufferLimit) }

    /// Sends a piece of the request body without waiting.
    public func write(_ chunk: ByteBuffer, flush: Bool = true) {
        context.loop.assertInEventLoop()
        guard !isFinished else { return }
        if let driver {
            hasSentBody = true
            driver.sendBody(chunk)
            if flush { driver.flush() }
        } else {
            pending.append(chunk, flush: flush)
        }
    }

    public func flush() {
        if let driver { driver.flush() } else { pending.needsFlush = true }
    }

    /// Ends the request body.
    public func end(trailers: HTTPHeaders? = nil) {
        guard !isFinished else { return }
        if let driver {
            hasSentBody = true
            driver.sendEnd(trailers: trailers)
        } else {
            pending.end = .some(trailers)
        }
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
        let onCancelBeforeStart = onCancelBeforeStart
        self.onCancelBeforeStart = nil
        if let driver { driver.cancel() } else { onCancelBeforeStart?() }
    }

    // MARK: - From the carrier

    /// A connection or stream took the request; its head is written, and what waited follows.
    func attached(to driver: any ClientExchangeDriver) {
        self.driver = driver
        hasStarted = true
        onCancelBeforeStart = nil
        if !isReading { driver.setReading(false) }
        sink?.requestStarted()
        guard !pending.isEmpty else { return }
        let pending = pending
        self.pending = PendingBody()
        hasSentBody = pending.bytes > 0 || pending.end != nil
        for chunk in pending.chunks { driver.sendBody(chunk) }
        if let trailers = pending.end {
            driver.sendEnd(trailers: trailers)
        } else if pending.needsFlush {
            driver.flush()
            sink?.requestWritabilityChanged(driver.isWritable)
        }
    }

    /// Whether the request can be sent once more on another connection: no part of a body is gone, and
    /// it was not tried twice already. When the peer may have acted on it (it did not refuse it), the
    /// method must also be idempotent (RFC 9110 section 9.2.2), or still lack its body.
    func isReplayable(wasRefused: Bool) -> Bool {
        guard !hasRetried, !hasSentBody, !isFinished else { return false }
        return wasRefused || hasBody || head.method.isIdempotent
    }

    /// Back to waiting for a connection, for the one retry.
    func detachForRetry() {
        hasRetried = true
        hasStarted = false
        driver = nil
        // The head must leave without a further call, as it did before.
        pending.needsFlush = hasBody
    }

    func responseStarted(_ head: HTTPResponseHead) { sink?.responseStarted(head) }

    func responseBody(_ chunk: ByteBuffer) { sink?.responseBody(chunk) }

    func responseBatchEnded() { sink?.responseBatchEnded() }

    func writabilityChanged(_ isWritable: Bool) { sink?.requestWritabilityChanged(isWritable) }

    func responseEnded(trailers: HTTPHeaders?) { finish()?.responseEnded(trailers: trailers) }

    func failed(_ error: WireError) { finish()?.responseFailed(error) }

    private func finish() -> (any ResponseSink)? {
        guard !isFinished else { return nil }
        isFinished = true
        driver = nil
        onCancelBeforeStart = nil
        defer { sink = nil }
        return sink
    }
}

/// What was written of a request body before there was a connection.
private struct PendingBody {
    var chunks: [ByteBuffer] = []
    var bytes = 0
    var needsFlush = false
    /// The end, with its trailers if any.
    var end: HTTPHeaders??

    var isEmpty: Bool { chunks.isEmpty && end == nil && !needsFlush }

    mutating func append(_ chunk: ByteBuffer, flush: Bool) {
        chunks.append(chunk)
        bytes += chunk.readableBytes
        needsFlush = needsFlush || flush
    }
}

extension HTTPMethod {
    /// Whether doing it twice has the effect of doing it once (RFC 9110 section 9.2.2).
    fileprivate var isIdempotent: Bool {
        switch self {
        case .GET, .HEAD, .PUT, .DELETE, .OPTIONS, .TRACE: true
        default: false
        }
    }
}
