import MechaWire
import NIOCore
import NIOHTTP1

/// A streamed call to an app that takes and gives whole bodies: the request is gathered, the app is called, and its
/// answer goes back as one piece.
package enum WholeCall {
    /// On the exchange's loop.
    ///
    /// - Parameters:
    ///   - callee: for messages.
    ///   - bodyBytesAtMost: the largest request body; the call may allow less.
    ///   - invoke: makes the call and leaves the response in it. An error answer of the app is a response.
    package static func run(
        _ call: StreamedCall, owner: any CallOwner, callee: String, bodyBytesAtMost: Int,
        _ invoke: @escaping @Sendable (BufferedCall) async throws(InvocationError) -> Void
    ) {
        let work: @Sendable (ServerExchange) async -> Void = { exchange in
            do throws(InvocationError) {
                let buffered = try await gather(call, upTo: bodyBytesAtMost, callee: callee)
                try await invoke(buffered)
                end(call, owner, buffered)
            } catch {
                refuse(call, owner, error)
            }
        }
        let exchange = call.exchange
        guard let policed = call.policed else {
            exchange.run(work)
            return exchange.whenAbandoned { exchange.abort($0) }
        }
        // Under a policy an attempt may end without a response, because another follows.
        let task = exchange.context.run { await work(exchange) }
        if !policed.carried(by: TaskCarrier(task)) { task.cancel() }
        exchange.whenAbandoned { failure in
            policed.callerLeft()
            task.cancel()
            exchange.abort(failure)
        }
    }

    private final class TaskCarrier: AttemptCarrier {
        private let task: Task<Void, Never>

        init(_ task: Task<Void, Never>) { self.task = task }

        func giveUp(_ error: InvocationError) { task.cancel() }
    }

    // Apart, since what stands in an async function stays in its frame while the app is called.

    @inline(never)
    private static func gather(_ call: StreamedCall, upTo limit: Int, callee: String) async throws(InvocationError) -> BufferedCall {
        do throws(WireError) {
            let limit = min(call.bodyBytesAtMost ?? .max, limit)
            if let replayed = call.policed?.body { return buffered(call, try await replayed.collect(upTo: limit)) }
            return buffered(call, try await call.exchange.collectBody(upTo: limit))
        } catch {
            throw InvocationError(error, calling: callee)
        }
    }

    @inline(never)
    private static func buffered(_ call: StreamedCall, _ body: ByteBuffer) -> BufferedCall {
        let head = call.exchange.head
        var request = AppRequest(
            call.namesVerb ? head.method : nil, call.method, headers: head.headers, carriesMetadata: call.carriesMetadata,
            contentType: head.headers.first(name: "content-type"), body: body,
            typeURL: call.isFromPeer ? head.headers.first(name: HeaderName.typeURL) ?? "" : "", caller: call.caller, trace: call.trace)
        if let trailers = call.exchange.requestTrailers { request.trailers = trailers }
        return BufferedCall(request)
    }

    @inline(never)
    private static func end(_ call: StreamedCall, _ owner: any CallOwner, _ buffered: BufferedCall) {
        AppResponseWriter.respond(call, buffered.response)
        owner.callEnded(call, failure: nil)
    }

    @inline(never)
    private static func refuse(_ call: StreamedCall, _ owner: any CallOwner, _ error: InvocationError) {
        owner.refuse(call, error, hasTakenBody: call.hasBody)
    }
}
