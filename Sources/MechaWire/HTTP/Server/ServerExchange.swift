import MechaTelemetry
import NIOCore
import NIOHPACK
import NIOHTTP1

/// A request that came in, and the response to it.
///
/// Lives on one event loop: every member must be used there (which an `async` handler started by
/// ``run(_:)`` always is), hence the unchecked Sendable.
public final class ServerExchange: @unchecked Sendable {
    public let context: LoopContext
    public let limits: WireLimits
    /// The head in HTTP/2's own form when the request came so; gRPC reads it without conversion.
    package let http2Headers: HPACKHeaders?
    /// Whether TLS carries the request.
    public let isSecure: Bool

    private var storedHead: HTTPRequestHead?
    private(set) var driver: (any ServerExchangeDriver)?
    private let observer: any WireObserver

    var requestBody = RequestBody()
    private var task: Task<Void, Never>?
    private var response = ResponsePhase.pending
    private var writabilityWaiters: [UnsafeContinuation<Void, Never>] = []
    /// Whether the client closed its sending side after the request.
    private var hasPeerLeft = false
    private var onAbandoned: ((WireError) -> Void)?
    /// Called once when the exchange is over, before it lets go of its connection.
    package var onFinish: ((_ exchange: ServerExchange) -> Void)?

    /// Whether the request may stop arriving for longer than ``WireLimits/idleTimeout``, as a gRPC stream
    /// does while neither side has anything to say.
    public var mayStandStill = false

    /// Status that was sent; nil before the response began.
    public private(set) var responseStatus: HTTPResponseStatus?
    public private(set) var responseBodyBytes = 0
    public private(set) var requestBodyBytes = 0
    /// Why the exchange ended early.
    public private(set) var failure: WireError?

    /// Sent with whatever response follows (CORS).
    private var addedHeaders: HTTPHeaders?
    /// What a pipeline does to the bodies; nil for nothing.
    private var requestTransform: (any BodyTransform)?
    private var responseTransform: (any BodyTransform)?
    /// A response that filters look at before it leaves; nil without filters.
    var hold: ResponseHold?
    /// Told in the `traceparent` of the response that follows, unless it brings one.
    package var responseTrace: TraceContext?

    /// `held`: complete for who gave it, while filters look at it.
    private enum ResponsePhase { case pending, streaming, held, done }

    package init(
        head: HTTPRequestHead?, http2Headers: HPACKHeaders?, isSecure: Bool, context: LoopContext, limits: WireLimits,
        observer: any WireObserver, driver: any ServerExchangeDriver
    ) {
        self.storedHead = head
        self.http2Headers = http2Headers
        self.isSecure = isSecure
        self.context = context
        self.limits = limits
        self.observer = observer
        self.driver = driver
    }

    /// Method, target, version and headers; for HTTP/2, `:authority` appears as `host`.
    public var head: HTTPRequestHead {
        get {
            if let storedHead { return storedHead }
            let head = http2Headers.map(HTTPRequestHead.init(http2:)) ?? HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
            storedHead = head
            return head
        }
        set { storedHead = newValue }
    }

    public var peerAddress: SocketAddress? { driver?.peerAddress }

    /// Runs an asynchronous handler on this loop, here and now until it first suspends. The task is
    /// cancelled when the peer gives up. A handler that returns without a response, and without having
    /// handed the request on to a sink, gets 500 sent.
    public func run(_ handler: @escaping @Sendable (ServerExchange) async -> Void) {
        context.loop.assertInEventLoop()
        let started = Task.immediate(executorPreference: context.executor) { [self] in
            await handler(self)
            if response == .pending, requestBody.sink == nil { respond(status: .internalServerError) }
        }
        if response != .done { task = started }
    }

    /// Cancels the handler, because somebody else answers (a deadline has passed).
    package func cancelHandler() { task?.cancel() }

    // MARK: - Response

    public var isWritable: Bool { hold?.isRunning != true && driver?.isWritable ?? false }
    public var hasResponded: Bool { response != .pending }

    /// Adds headers to the response that is still to come.
    public func addResponseHeaders(_ headers: HTTPHeaders) {
        if addedHeaders == nil { addedHeaders = headers } else { addedHeaders?.add(contentsOf: headers) }
    }

    /// A complete response; sends `content-length` unless the status forbids a body.
    public func respond(status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: ByteBuffer? = nil) {
        context.loop.assertInEventLoop()
        guard response == .pending, let driver else { return }
        if hold != nil, holdHead(HTTPResponseHead(version: .http1_1, status: status, headers: headers)) {
            response = .held
            responseStatus = status
            if let body { _ = holdBody(body) }
            _ = holdEnd(nil)
            return
        }
        response = .done
        responseStatus = status
        var (headers, body) = (headers, body)
        if let whole = body, responseTransform != nil {
            headers.remove(name: "content-length")
            body = responseTransform?.transformAll(whole)
        }
        responseBodyBytes = body?.readableBytes ?? 0
        driver.sendWhole(status, withAdded(headers), body: body)
        finish()
    }

    /// Begins a streamed response.
    public func start(_ head: HTTPResponseHead) {
        context.loop.assertInEventLoop()
        guard response == .pending, let driver else { return }
        response = .streaming
        responseStatus = head.status
        if hold != nil, holdHead(head) { return }
        if addedHeaders == nil, responseTrace == nil, responseTransform == nil { return driver.sendHead(head) }
        var head = head
        if responseTransform != nil { head.headers.remove(name: "content-length") }
        head.headers = withAdded(head.headers)
        driver.sendHead(head)
    }

    private func withAdded(_ headers: HTTPHeaders) -> HTTPHeaders {
        guard addedHeaders != nil || responseTrace != nil else { return headers }
        var headers = headers
        if let addedHeaders { headers.add(contentsOf: addedHeaders) }
        if let responseTrace, !headers.contains(name: "traceparent") {
            headers.add(name: "traceparent", value: responseTrace.traceparent)
        }
        return headers
    }

    /// Sends a piece of a streamed response without waiting; `flush` makes it leave now.
    public func write(_ chunk: ByteBuffer, flush: Bool = true) {
        guard response == .streaming, let driver else { return }
        if hold != nil, holdBody(chunk) { return }
        var chunk = chunk
        if let changed = responseTransform?.transform(chunk) { chunk = changed }
        responseBodyBytes += chunk.readableBytes
        // An empty piece would end a chunked body.
        if chunk.readableBytes > 0 || responseTransform == nil { driver.sendBody(chunk) }
        if flush { driver.flush() }
    }

    public func flush() { driver?.flush() }

    /// Sends a piece and waits until the peer can take more. Throws what ended the exchange, and
    /// ``WireError/Code/cancelled`` when the task is cancelled while it waits.
    public func writeAndWait(_ chunk: ByteBuffer) async throws(WireError) {
        write(chunk)
        if let failure { throw failure }
        while let driver, !driver.isWritable {
            await context.wait({ writabilityWaiters.append($0) }, wake: { self.wakeWriters() })
            if let failure { throw failure }
            if Task.isCancelled { throw WireError(.cancelled, "the writer of the response was cancelled") }
        }
    }

    public func end(trailers: HTTPHeaders? = nil) {
        guard response == .streaming, let driver else { return }
        if hold != nil {
            response = .held
            if holdEnd(trailers) { return }
        }
        response = .done
        if let rest = responseTransform?.finish(), rest.readableBytes > 0 {
            responseBodyBytes += rest.readableBytes
            driver.sendBody(rest)
        }
        driver.sendEnd(trailers: trailers)
        finish()
    }

    /// What filters made of a held response.
    func sendHeld(whole head: HTTPResponseHead, _ body: ByteBuffer, trailers: HTTPHeaders) {
        guard response == .held || response == .streaming else { return }
        response = .pending
        guard trailers.isEmpty else {
            start(head)
            if body.readableBytes > 0 { write(body, flush: false) }
            return end(trailers: trailers)
        }
        respond(status: head.status, headers: head.headers, body: body)
    }

    /// The same without the body, of which some may have come meanwhile.
    func sendHeld(_ head: HTTPResponseHead, _ body: ByteBuffer, isEnded: Bool, trailers: HTTPHeaders?) {
        guard response == .held || response == .streaming else { return }
        response = .pending
        start(head)
        if body.readableBytes > 0 { write(body) }
        if isEnded { return end(trailers: trailers) }
        writabilityChanged(isWritable)
    }

    /// Complete gRPC-shaped response in HTTP/2's own form. Only for exchanges with ``http2Headers``.
    package func respondHTTP2(_ headers: HPACKHeaders, body: ByteBuffer?, trailers: HPACKHeaders?) {
        guard response == .pending, let driver else { return }
        response = .done
        responseStatus = .ok
        responseBodyBytes = body?.readableBytes ?? 0
        driver.sendHTTP2(headers, body: body, trailers: trailers)
        finish()
    }

    /// Begins a streamed response in HTTP/2's own form.
    package func startHTTP2(_ headers: HPACKHeaders) {
        guard response == .pending, let driver else { return }
        response = .streaming
        responseStatus = .ok
        driver.sendHTTP2Headers(headers, endStream: false)
    }

    /// Ends a streamed response with trailers in HTTP/2's own form.
    package func endHTTP2(trailers: HPACKHeaders) {
        guard response == .streaming, let driver else { return }
        response = .done
        driver.sendHTTP2Headers(trailers, endStream: true)
        finish()
    }

    /// Gives up: the peer sees a closed connection (HTTP/1.1) or a reset stream (HTTP/2).
    public func abort(_ error: WireError) {
        guard response != .done else { return }
        let driver = driver
        failed(error)
        driver?.abort(error)
    }

    // MARK: - Pipelines

    /// Takes over what a pipeline made of the request, before anybody reads the body.
    package func continueAs(_ request: MiddlewareRequest) {
        context.loop.assertInEventLoop()
        head = request.head
        if !request.responseHeaders.isEmpty { addResponseHeaders(request.responseHeaders) }
        responseTransform = request.responseTransform
        filterResponse(request.responseFilters)
        if let body = request.wholeBody {
            requestBody.collectionLimit = .max
            requestBody.append(body)
            requestBodyBytes = body.readableBytes
            if requestBody.isComplete { requestBody.trailers = request.trailers.isEmpty ? nil : request.trailers }
        }
        guard var transform = request.requestTransform else { return }
        let early = requestBody.takeBuffered()
        var changed = early.readableBytes > 0 ? transform.transform(early) : early
        if requestBody.isComplete { changed.writeImmutableBuffer(transform.finish()) } else { requestTransform = transform }
        if changed.readableBytes > 0 { requestBody.append(changed) }
    }

    // MARK: - The end

    /// The response is complete. Whoever still reads the request hears that nothing more comes.
    private func finish() {
        let driver = driver
        release(bodyFailure: WireError(.cancelled, "the response was complete before the request was"))
        driver?.exchangeFinished()
    }

    /// The connection or stream is gone. Cancels the handler.
    package func failed(_ error: WireError) {
        guard failure == nil, response != .done else { return }
        failure = error
        response = .done
        let task = task
        release(bodyFailure: error)
        task?.cancel()
    }

    private func release(bodyFailure: WireError) {
        onFinish?(self)
        onFinish = nil
        driver = nil
        task = nil
        let sink = requestBody.sink
        requestBody.sink = nil
        let onAbandoned = onAbandoned
        self.onAbandoned = nil
        if let failure, sink == nil { onAbandoned?(failure) }
        if !requestBody.isSettled {
            requestBody.failure = bodyFailure
            sink?.bodyFailed(bodyFailure)
        } else if let failure {
            sink?.exchangeFailed(failure)
        }
        requestBody.wake()
        wakeWriters()
    }

    // MARK: - From the driver

    /// Has `body` called, once, when the client is gone before the response is complete and no sink is there to hear
    /// of it: at once when it is gone already. Nil takes that back.
    package func whenAbandoned(_ body: ((WireError) -> Void)?) {
        guard let body else {
            onAbandoned = nil
            return
        }
        if let failure { return body(failure) }
        if hasPeerLeft { return body(Self.peerLeft) }
        if response != .done { onAbandoned = body }
    }

    /// The peer closed its sending side after a complete request. Almost always that means it is gone, so a
    /// proxy is told, which would otherwise keep its own side busy for nobody; a handler's answer is still sent.
    package func peerStoppedSending() {
        hasPeerLeft = true
        if let sink = requestBody.sink { return sink.exchangeFailed(Self.peerLeft) }
        let onAbandoned = onAbandoned
        self.onAbandoned = nil
        onAbandoned?(Self.peerLeft)
    }

    private static let peerLeft = WireError(.connectionClosed, "the client closed its connection before the response")

    /// Tells a sink that came later what it has missed.
    func tellIfPeerLeft() {
        if hasPeerLeft, response != .done { requestBody.sink?.exchangeFailed(Self.peerLeft) }
    }

    package func received(_ chunk: ByteBuffer) {
        requestBodyBytes += chunk.readableBytes
        guard requestTransform != nil else { return take(chunk) }
        if let changed = requestTransform?.transform(chunk), changed.readableBytes > 0 { take(changed) }
    }

    private func take(_ chunk: ByteBuffer) {
        if let sink = requestBody.sink { return sink.bodyReceived(chunk) }
        requestBody.append(chunk)
        if requestBody.collector != nil {
            if requestBody.hasOverflowed { requestBody.wake() }
        } else {
            requestBody.wakeChunkWaiter()
            if requestBody.buffered.readableBytes > limits.bufferedBodyBytes { driver?.setReading(false) }
        }
    }

    package func receivedEnd(trailers: HTTPHeaders?) {
        if let rest = requestTransform?.finish(), rest.readableBytes > 0 { take(rest) }
        requestBody.isComplete = true
        requestBody.trailers = trailers
        requestBody.sink?.bodyEnded(trailers: trailers)
        requestBody.wake()
    }

    package func writabilityChanged(_ isWritable: Bool) {
        requestBody.sink?.writabilityChanged(isWritable)
        guard isWritable else { return }
        wakeWriters()
    }

    private func wakeWriters() {
        guard !writabilityWaiters.isEmpty else { return }
        let waiting = writabilityWaiters
        writabilityWaiters = []
        for waiter in waiting { waiter.resume() }
    }

    func limitExceeded(_ limit: WireLimits.Name) { observer.limitExceeded(limit) }
}
