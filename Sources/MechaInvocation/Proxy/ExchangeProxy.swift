import MechaWire
import NIOCore
import NIOHTTP1

/// Joins a request that came in with one that goes out: bytes pass as they come, each side slows the
/// other down, and neither body is ever held as a whole.
///
/// Lives on the exchanges' loop. The server exchange holds it while the request lasts, the client exchange
/// while the response does. Hence the unchecked Sendable.
final class ExchangeProxy: @unchecked Sendable {
    let call: StreamedCall
    /// For messages.
    private let callee: String
    private let owner: any CallOwner
    /// Whether the callee is a runtime, whose word about failures counts.
    private let isPeer: Bool
    private var upstream: ClientExchange?
    private var phase = Phase.waiting
    /// Whether a body, or at least its end, is sent on. Decided once: a body that is still to come may turn out empty.
    private var hasBody: Bool
    /// Bytes of the request's body that its head promised; nil when it did not.
    private let promisedBytes: Int?
    /// Whether any of the body was taken, so that the request cannot be sent again.
    private var hasTakenBody = false

    private var isListening = false
    /// What a pipeline does to the bodies, and adds to the response; nothing without one.
    private var requestTransform: (any BodyTransform)?
    private var responseTransform: (any BodyTransform)?
    private var addedHeaders = HTTPHeaders()
    /// Of the exchange, for the response of this callee.
    private var filters = 0
    /// What a pipeline put in the place of the body.
    private var wholeBody: ByteBuffer?
    private var wholeTrailers = HTTPHeaders()

    /// A gRPC response whose status may follow at once, in trailers: the policy hears it before the caller does.
    private var heldHead: HTTPResponseHead?
    /// The policy is still to hear the gRPC status.
    private var owesStatus = false

    private enum Phase { case waiting, responding, over }

    init(_ call: StreamedCall, callee: String, isPeer: Bool = false, owner: any CallOwner) {
        self.call = call
        self.isPeer = isPeer
        self.callee = callee
        self.owner = owner
        hasBody = call.hasBody
        promisedBytes = hasBody ? call.exchange.head.headers.first(name: "content-length").flatMap { Int($0) } : nil
    }

    /// Sends the request through a pipeline, if there is one, and then to the callee.
    func start(_ head: HTTPRequestHead, to origin: Origin, by client: HTTPClient, through slot: HTTPPipelineSlot?) {
        guard let pipeline = slot?.current else { return start(head, to: origin, by: client) }
        let request = MiddlewareRequest(head, isSecure: call.exchange.isSecure, hasBody: hasBody) { [call] limit throws(WireError) in
            let body =
                if let replayed = call.policed?.body {
                    try await replayed.collect(upTo: limit)
                } else {
                    try await call.exchange.collectBody(upTo: limit)
                }
            return (body, call.exchange.requestTrailers)
        }
        pipeline.run(request, on: call.exchange.context) { [self] request, answer in
            if let failure = call.exchange.failure { return callerLeft(failure) }
            addedHeaders = request.responseHeaders
            responseTransform = request.responseTransform
            call.exchange.filterResponse(request.responseFilters)
            filters = request.responseFilters.count
            if let answer { return respond(answer) }
            requestTransform = request.requestTransform
            if let body = request.wholeBody {
                wholeBody = body
                wholeTrailers = request.trailers
                hasBody = body.readableBytes > 0
            }
            start(request.head, to: origin, by: client)
        }
    }

    /// A step of the pipeline answers in the callee's place.
    private func respond(_ answer: MiddlewareAnswer) {
        guard phase == .waiting else { return }
        phase = .over
        guard call.policed?.takesOver(status: Int(answer.status.code)) != true else {
            dropFilters()
            return owner.callEnded(call, failure: nil)
        }
        let head = ResponseHeaders.head(
            HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers), adding: call.responseHeaders)
        var headers = head.headers
        headers.add(contentsOf: addedHeaders)
        call.exchange.respond(status: answer.status, headers: headers, body: answer.body)
        owner.callEnded(call, failure: nil)
    }

    /// Sends the request.
    func start(_ head: HTTPRequestHead, to origin: Origin, by client: HTTPClient) {
        let exchange = call.exchange
        if let policed = call.policed, !policed.carried(by: self) {
            phase = .over
            return owner.callEnded(call, failure: InvocationError(.policyTimeout, "the call took too long before it was sent"))
        }
        let upstream = client.start(head, to: origin, on: exchange.context, hasBody: hasBody, sink: self)
        guard phase != .over else { return }
        self.upstream = upstream
        // Without a body there is nothing to lose by listening for a caller that leaves.
        if !hasBody || upstream.hasStarted { return takeBody(for: upstream) }
        exchange.whenAbandoned { [self] in callerLeft($0) }
    }

    /// The response comes from elsewhere: filters of this callee's do not concern it.
    private func dropFilters() {
        call.exchange.dropResponseFilters(filters)
        filters = 0
    }

    private func takeBody(for upstream: ClientExchange) {
        guard !isListening else { return }
        isListening = true
        hasTakenBody = hasBody
        let exchange = call.exchange
        if hasBody, var body = wholeBody {
            if let changed = requestTransform?.transformAll(body) { body = changed }
            requestTransform = nil
            upstream.write(body, flush: false)
        }
        if let failure = exchange.failure { return callerLeft(failure) }
        if let body = call.policed?.body { body.stream(into: self) } else { exchange.streamBody(into: self) }
        guard phase != .over, hasBody, !exchange.isRequestComplete else { return }
        upstream.flush()
    }
}

// The caller's side: its request, and its readiness for the response.
extension ExchangeProxy: BodySink {
    func bodyReceived(_ chunk: ByteBuffer) {
        guard phase != .over, wholeBody == nil, let upstream else { return }
        let exchange = call.exchange
        if let limit = call.bodyBytesAtMost, exchange.requestBodyBytes > limit {
            upstream.cancel()
            return fail(InvocationError(.tooLarge, "the request body is larger than \(limit) bytes"))
        }
        var chunk = chunk
        if requestTransform != nil {
            guard let changed = requestTransform?.transform(chunk), changed.readableBytes > 0 else { return }
            chunk = changed
        }
        // The end follows at once and flushes both.
        let isLast = exchange.isRequestComplete || promisedBytes.map { exchange.requestBodyBytes >= $0 } == true
        upstream.write(chunk, flush: !isLast)
        if !isLast, !upstream.isWritable { exchange.setReading(false) }
    }

    func bodyEnded(trailers: HTTPHeaders?) {
        guard phase != .over, hasBody else { return }
        if let rest = requestTransform?.finish(), rest.readableBytes > 0 { upstream?.write(rest, flush: false) }
        upstream?.end(trailers: wholeBody == nil ? trailers : wholeTrailers.isEmpty ? nil : wholeTrailers)
    }

    func bodyFailed(_ error: WireError) { callerLeft(error) }

    func exchangeFailed(_ error: WireError) { callerLeft(error) }

    private func callerLeft(_ error: WireError) {
        guard phase != .over else { return }
        phase = .over
        call.policed?.callerLeft()
        upstream?.cancel()
        upstream = nil
        call.exchange.abort(error)
        owner.callEnded(call, failure: InvocationError(.cancelled, "the caller gave up: \(error.message)", cause: error))
    }

    func writabilityChanged(_ isWritable: Bool) {
        guard phase != .over else { return }
        upstream?.setReading(isWritable)
    }
}

// The callee's side: its response, and its readiness for the request.
extension ExchangeProxy: ResponseSink {
    func requestStarted() {
        // Not yet known when the request starts at once; `start` goes on then.
        guard phase == .waiting, let upstream else { return }
        takeBody(for: upstream)
    }

    func responseStarted(_ head: HTTPResponseHead) {
        guard phase == .waiting else { return }
        if isPeer, let error = PeerFailure.read(head.headers) {
            upstream?.cancel()
            return fail(error)
        }
        if let policed = call.policed, call.kind == .grpcProxy, head.status == .ok, head.grpcStatus == nil {
            owesStatus = true
            guard !mayWaitForStatus else {
                heldHead = head
                return
            }
            policed.answerBegan()
            return begin(head)
        }
        if let policed = call.policed,
            policed.takesOver(status: Int(head.status.code), grpcStatus: call.kind == .grpcProxy ? head.grpcStatus : nil)
        {
            upstream?.cancel()
            upstream = nil
            phase = .over
            dropFilters()
            return owner.callEnded(call, failure: nil)
        }
        begin(head)
    }

    /// Whether the head of a gRPC response may be kept until more comes. Not while the caller may wait for it before it
    /// sends on.
    private var mayWaitForStatus: Bool {
        call.exchange.isRequestComplete && call.exchange.head.headers.first(name: "dapr-stream")?.lowercased() != "true"
    }

    private func begin(_ head: HTTPResponseHead) {
        phase = .responding
        var response = ResponseHeaders.head(head, adding: call.responseHeaders)
        if !addedHeaders.isEmpty { response.headers.add(contentsOf: addedHeaders) }
        if responseTransform != nil { response.headers.remove(name: "content-length") }
        call.exchange.start(response)
    }

    func responseBody(_ chunk: ByteBuffer) {
        if phase == .waiting, let head = heldHead {
            heldHead = nil
            call.policed?.answerBegan()
            begin(head)
        }
        guard phase == .responding else { return }
        let exchange = call.exchange
        var chunk = chunk
        if responseTransform != nil {
            guard let changed = responseTransform?.transform(chunk), changed.readableBytes > 0 else { return }
            chunk = changed
        }
        exchange.write(chunk, flush: false)
        if !exchange.isWritable { upstream?.setReading(false) }
    }

    func responseBatchEnded() {
        guard phase == .responding else { return }
        call.exchange.flush()
    }

    func responseEnded(trailers: HTTPHeaders?) {
        if owesStatus, phase != .over, let policed = call.policed {
            owesStatus = false
            let status = trailers?.first(name: "grpc-status").flatMap { Int($0) }
            if policed.takesOver(status: 200, grpcStatus: status), phase == .waiting {
                upstream = nil
                phase = .over
                dropFilters()
                return owner.callEnded(call, failure: nil)
            }
        }
        if phase == .waiting, let head = heldHead {
            heldHead = nil
            begin(head)
        }
        guard phase == .responding else { return }
        // Over before the exchange hears it: ending the response may end the request's sink too.
        phase = .over
        upstream = nil
        if let rest = responseTransform?.finish(), rest.readableBytes > 0 { call.exchange.write(rest, flush: false) }
        call.exchange.end(trailers: trailers)
        owner.callEnded(call, failure: nil)
    }

    func responseFailed(_ error: WireError) {
        guard phase != .over else { return }
        fail(InvocationError(error, calling: callee))
    }

    private func fail(_ error: InvocationError) {
        let wasWaiting = phase == .waiting
        phase = .over
        upstream = nil
        if wasWaiting { dropFilters() }
        if owesStatus, !wasWaiting { _ = call.policed?.takesOver(error) }
        guard !wasWaiting else { return owner.refuse(call, error, hasTakenBody: hasTakenBody) }
        call.exchange.abort(WireError(.connectionClosed, error.message, cause: error))
        owner.callEnded(call, failure: error)
    }

    func requestWritabilityChanged(_ isWritable: Bool) {
        guard phase != .over, hasTakenBody else { return }
        call.exchange.setReading(isWritable)
    }
}

extension ExchangeProxy: AttemptCarrier {
    func giveUp(_ error: InvocationError) {
        guard phase == .waiting else { return }
        phase = .over
        dropFilters()
        upstream?.cancel()
        upstream = nil
        owner.callEnded(call, failure: error)
    }
}

extension HTTPResponseHead {
    /// The status of a gRPC response that consists of nothing else.
    fileprivate var grpcStatus: Int? { headers.first(name: "grpc-status").flatMap { Int($0) } }
}
