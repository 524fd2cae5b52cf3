import NIOCore
import NIOHTTP1

extension ServerExchange {
    /// The whole body. Throws ``WireError/Code/tooLarge`` beyond `limit` bytes (default
    /// ``WireLimits/bodyBytes``), before anything is read when the request declares so much, and what
    /// cut the request off.
    public func collectBody(upTo limit: Int? = nil) async throws(WireError) -> ByteBuffer {
        context.loop.assertInEventLoop()
        let limit = limit ?? limits.bodyBytes
        requestBody.collectionLimit = limit
        if !requestBody.isComplete {
            if let declared = declaredBodyBytes, declared > limit { throw overflow() }
            driver?.setReading(true)
            if !requestBody.isSettled, !requestBody.hasOverflowed {
                await withUnsafeContinuation { requestBody.collector = $0 }
            }
        }
        if requestBody.hasOverflowed { throw overflow() }
        if let failure = requestBody.failure { throw failure }
        return requestBody.takeBuffered()
    }

    private func overflow() -> WireError {
        limitExceeded(.bodyBytes)
        driver?.setReading(false)
        return WireError(.tooLarge, "the request body is larger than \(requestBody.collectionLimit) bytes")
    }

    /// What `content-length` says, if anything.
    private var declaredBodyBytes: Int? {
        let text = http2Headers?.first(name: "content-length") ?? (http2Headers == nil ? head.headers.first(name: "content-length") : nil)
        return text.flatMap { Int($0) }
    }

    /// The next piece of the body, or nil at its end. For one consumer at a time. A task that is cancelled
    /// while it waits hears ``WireError/Code/cancelled``; the exchange goes on.
    public func nextBodyChunk() async throws(WireError) -> ByteBuffer? {
        context.loop.assertInEventLoop()
        if requestBody.buffered.readableBytes == 0, !requestBody.isSettled { driver?.setReading(true) }
        while requestBody.buffered.readableBytes == 0, !requestBody.isSettled {
            if Task.isCancelled { throw WireError(.cancelled, "the reader of the request was cancelled") }
            await context.wait({ requestBody.chunkWaiter = $0 }, wake: { self.requestBody.wakeChunkWaiter() })
        }
        if requestBody.buffered.readableBytes > 0 { return requestBody.takeBuffered() }
        if let failure = requestBody.failure { throw failure }
        return nil
    }

    /// Trailers of the request, once its body has ended.
    public var requestTrailers: HTTPHeaders? { requestBody.trailers }

    /// Whether the whole request has arrived.
    public var isRequestComplete: Bool { requestBody.isComplete }

    /// Hands the body to `sink` as it comes; what has arrived already is handed over at once.
    public func streamBody(into sink: any BodySink) {
        context.loop.assertInEventLoop()
        if let failure = requestBody.failure { return sink.bodyFailed(failure) }
        requestBody.sink = sink
        whenAbandoned(nil)
        if requestBody.buffered.readableBytes > 0 { sink.bodyReceived(requestBody.takeBuffered()) }
        // The sink may have ended the exchange while it took the first piece.
        guard requestBody.sink != nil else { return }
        guard requestBody.isComplete else { return driver?.setReading(true) ?? () }
        sink.bodyEnded(trailers: requestBody.trailers)
        tellIfPeerLeft()
    }

    /// Back-pressure on the peer while a sink is installed.
    public func setReading(_ isReading: Bool) { driver?.setReading(isReading) }
}
