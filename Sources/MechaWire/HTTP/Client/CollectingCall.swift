import NIOCore
import NIOHTTP1

/// One request that is complete, and its response, which is collected: an object, so that whoever waits for the
/// response keeps neither in the frame of his task.
///
/// Made for the loop that it is made on, or for any when it is made elsewhere. Lives there while it runs; hence the
/// unchecked Sendable.
package final class CollectingCall: ResponseSink, @unchecked Sendable {
    /// Until it is sent.
    private var head: HTTPRequestHead?
    private var body: ByteBuffer?
    private let origin: Origin
    private let client: HTTPClient
    private let context: LoopContext
    private let bodyLimit: Int
    private var continuation: UnsafeContinuation<Void, Never>?
    private var exchange: ClientExchange?
    private var timer: LoopTimer?
    private var failure: WireError?

    /// Complete when ``run(until:)`` has returned.
    package private(set) var response = ClientResponse(status: .ok)

    /// - Parameters:
    ///   - head: with the `content-length` of `body`.
    ///   - responseBodyLimitBytes: nil for ``WireLimits/bodyBytes``.
    package init(
        _ head: HTTPRequestHead, body: ByteBuffer?, at origin: Origin, by client: HTTPClient, responseBodyLimitBytes: Int? = nil
    ) {
        self.head = head
        self.body = body
        self.origin = origin
        self.client = client
        context = client.loops.any()
        bodyLimit = responseBodyLimitBytes ?? client.limits.bodyBytes
    }

    /// Sends the request and returns when the response is there; to be called once. Throws what
    /// ``HTTPClient/execute(_:deadline:)`` does.
    package func run(until deadline: NIODeadline?) async throws(WireError) {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if context.loop.inEventLoop {
                    begin(continuation, deadline: deadline)
                } else {
                    context.loop.execute { self.begin(continuation, deadline: deadline) }
                }
            }
        } onCancel: {
            context.loop.execute { self.giveUp(WireError(.cancelled, "the request was cancelled")) }
        }
        if let failure { throw failure }
    }

    private func begin(_ continuation: UnsafeContinuation<Void, Never>, deadline: NIODeadline?) {
        // Cancelled before, or run before.
        guard failure == nil, let head = head.take() else { return continuation.resume() }
        self.continuation = continuation
        let body = body.take()
        let exchange = client.start(head, to: origin, on: context, hasBody: body != nil, sink: self)
        guard self.continuation != nil else { return }
        self.exchange = exchange
        if let deadline {
            timer = context.timers.start(at: deadline) { [self] in
                giveUp(WireError(.timeout, "no complete response within the deadline"))
            }
        }
        if let body {
            exchange.write(body, flush: false)
            exchange.end()
        }
    }

    private func giveUp(_ error: WireError) {
        guard continuation != nil else {
            // Not begun yet; what is over stays as it ended.
            if head != nil { failure = error }
            return
        }
        exchange?.cancel()
        finish(error)
    }

    private func finish(_ failure: WireError?) {
        timer?.cancel()
        exchange = nil
        guard let continuation = continuation.take() else { return }
        self.failure = failure
        continuation.resume()
    }

    // MARK: - ResponseSink

    package func responseStarted(_ head: HTTPResponseHead) {
        response.status = head.status
        response.headers = head.headers
    }

    package func responseBody(_ chunk: ByteBuffer) {
        guard response.body.readableBytes + chunk.readableBytes <= bodyLimit else {
            return giveUp(WireError(.tooLarge, "the response body is larger than \(bodyLimit) bytes"))
        }
        if response.body.readableBytes == 0 {
            response.body = chunk
        } else {
            response.body.writeImmutableBuffer(chunk)
        }
    }

    package func responseEnded(trailers: HTTPHeaders?) {
        if let trailers { response.trailers = trailers }
        finish(nil)
    }

    package func responseFailed(_ error: WireError) { finish(error) }

    package func requestWritabilityChanged(_ isWritable: Bool) {}
}
