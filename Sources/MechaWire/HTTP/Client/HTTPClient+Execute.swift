import NIOCore
import NIOHTTP1

extension HTTPClient {
    /// Sends a request and collects its response. Works on an event loop, where the request then stays,
    /// and off it. Cancelling the task gives the request up.
    ///
    /// Throws ``WireError``: ``WireError/Code/timeout`` once `deadline` has passed,
    /// ``WireError/Code/tooLarge`` for a body beyond the limit, ``WireError/Code/cancelled``, and what
    /// befell the connection.
    public func execute(_ request: ClientRequest, deadline: NIODeadline? = nil) async throws -> ClientResponse {
        let context = loops.any()
        let call = CollectingCall(request: request, client: self, context: context)
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                if context.loop.inEventLoop {
                    call.begin(continuation, deadline: deadline)
                } else {
                    context.loop.execute { call.begin(continuation, deadline: deadline) }
                }
            }
        } onCancel: {
            context.loop.execute { call.giveUp(WireError(.cancelled, "the request was cancelled")) }
        }
    }
}

/// One request whose response is collected. Lives on its loop; hence the unchecked Sendable.
private final class CollectingCall: ResponseSink, @unchecked Sendable {
    /// Until it is sent.
    private var request: ClientRequest?
    private let client: HTTPClient
    private let context: LoopContext
    private let bodyLimit: Int
    private var continuation: UnsafeContinuation<ClientResponse, any Error>?
    private var exchange: ClientExchange?
    private var timer: LoopTimer?
    private var response = ClientResponse(status: .ok)
    private var cancellation: WireError?

    init(request: ClientRequest, client: HTTPClient, context: LoopContext) {
        self.request = request
        self.client = client
        self.context = context
        self.bodyLimit = request.responseBodyLimitBytes ?? client.limits.bodyBytes
    }

    func begin(_ continuation: UnsafeContinuation<ClientResponse, any Error>, deadline: NIODeadline?) {
        if let cancellation { return continuation.resume(throwing: cancellation) }
        guard var request = request.take() else { return }
        self.continuation = continuation
        if let body = request.body {
            if request.headers.contains(name: "content-length") { request.headers.remove(name: "content-length") }
            request.headers.add(name: "content-length", value: String(body.readableBytes))
        }
        let head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.target, headers: request.headers)
        let exchange = client.start(
            head, to: request.origin, on: context, hasBody: request.body != nil, sink: self)
        guard self.continuation != nil else { return }
        self.exchange = exchange
        if let deadline {
            timer = context.timers.start(at: deadline) { [self] in
                giveUp(WireError(.timeout, "no complete response within the deadline"))
            }
        }
        if let body = request.body {
            exchange.write(body, flush: false)
            exchange.end()
        }
    }

    func giveUp(_ error: WireError) {
        guard continuation != nil else {
            cancellation = error
            return
        }
        exchange?.cancel()
        finish(.failure(error))
    }

    private func finish(_ result: Result<ClientResponse, any Error>) {
        timer?.cancel()
        exchange = nil
        let continuation = continuation
        self.continuation = nil
        continuation?.resume(with: result)
    }

    // MARK: - ResponseSink

    func responseStarted(_ head: HTTPResponseHead) {
        response.status = head.status
        response.headers = head.headers
    }

    func responseBody(_ chunk: ByteBuffer) {
        guard response.body.readableBytes + chunk.readableBytes <= bodyLimit else {
            return giveUp(WireError(.tooLarge, "the response body is larger than \(bodyLimit) bytes"))
        }
        if response.body.readableBytes == 0 {
            response.body = chunk
        } else {
            response.body.writeImmutableBuffer(chunk)
        }
    }

    func responseEnded(trailers: HTTPHeaders?) {
        response.trailers = trailers
        finish(.success(response))
    }

    func responseFailed(_ error: WireError) { finish(.failure(error)) }

    func requestWritabilityChanged(_ isWritable: Bool) {}
}
