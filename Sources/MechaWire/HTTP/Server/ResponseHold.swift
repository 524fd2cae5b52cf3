import NIOCore
import NIOHTTP1

/// A response that filters look at before it leaves. Lives on the exchange's loop; hence the unchecked Sendable.
final class ResponseHold: @unchecked Sendable {
    var filters: [ResponseFilter]
    var head: HTTPResponseHead?
    /// What was written and has not left.
    var body = ByteBuffer()
    var trailers: HTTPHeaders?
    var isEnded = false
    var isRunning = false

    init(_ filters: [ResponseFilter]) { self.filters = filters }
}

extension ServerExchange {
    /// Has filters look at the response that is still to come. They stand nearer to it than those that are there.
    package func filterResponse(_ filters: [ResponseFilter]) {
        guard !filters.isEmpty else { return }
        if let hold { hold.filters += filters } else { hold = ResponseHold(filters) }
    }

    /// Takes filters back, the last ones, because the response comes from elsewhere.
    package func dropResponseFilters(_ count: Int) {
        guard let hold, hold.head == nil, count > 0 else { return }
        hold.filters.removeLast(min(count, hold.filters.count))
        if hold.filters.isEmpty { self.hold = nil }
    }

    /// Takes over what belongs to a response that is held. False when none is.
    func holdHead(_ head: HTTPResponseHead) -> Bool {
        guard let hold, hold.head == nil else { return false }
        hold.head = head
        // Without a body to look at, the filters begin at once.
        if hold.filters.bodyBytesAtMost == nil { run(hold) }
        return true
    }

    func holdBody(_ chunk: ByteBuffer) -> Bool {
        guard let hold, hold.head != nil else { return false }
        hold.body.writeImmutableBuffer(chunk)
        if let limit = hold.filters.bodyBytesAtMost, hold.body.readableBytes > limit {
            self.hold = nil
            release(
                hold,
                whole: .init(
                    status: .badGateway, headers: [:],
                    body: ByteBuffer(string: "the response is larger than \(limit) bytes, and a step of the pipeline wants it whole")))
        }
        return true
    }

    func holdEnd(_ trailers: HTTPHeaders?) -> Bool {
        guard let hold, hold.head != nil else { return false }
        hold.isEnded = true
        hold.trailers = trailers
        if !hold.isRunning { run(hold) }
        return true
    }

    private func run(_ hold: ResponseHold) {
        guard let head = hold.head else { return }
        hold.isRunning = true
        let wantsBody = hold.filters.bodyBytesAtMost != nil
        let response = ResponseFilter.Response(
            status: head.status, headers: head.headers, body: wantsBody ? hold.body : nil,
            trailers: wantsBody ? hold.trailers ?? [:] : [:])
        let filters = hold.filters
        // A task of its own: the handler's is cancelled when its answer seems complete.
        Task.immediate(executorPreference: context.executor) { [self] in
            var response = response
            await filters.apply(to: &response)
            guard self.hold === hold else { return }
            self.hold = nil
            release(hold, whole: response)
        }
    }

    /// Sends what the filters made of it.
    private func release(_ hold: ResponseHold, whole response: ResponseFilter.Response) {
        guard failure == nil, var head = hold.head else { return }
        head.status = response.status
        head.headers = response.headers
        if let body = response.body { return sendHeld(whole: head, body, trailers: response.trailers) }
        sendHeld(head, hold.body, isEnded: hold.isEnded, trailers: hold.trailers)
    }
}
