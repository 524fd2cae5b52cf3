import MechaCore
import MechaWire
import NIOCore

extension HTTPAppChannel: HTTPEventChannel {
    /// The way of most events, and so without the values that a call in general has on its way there and back.
    public func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer {
        if pipeline.isFilled { return try await deliverByInvoking(event, deadline: deadline) }
        let call = prepared(event)
        try await carry(call, until: deadline)
        return answer(of: call)
    }

    @inline(never)
    private func prepared(_ event: TopicEvent) -> CollectingCall {
        var headers = Self.headers(of: event)
        // Metadata never bring one.
        headers.add(name: "content-type", value: CloudEvent.contentType)
        return prepared(.POST, event.route.method, headers, event.event.text, trace: event.trace)
    }

    @inline(never)
    private func answer(of call: CollectingCall) -> EventAnswer { Self.answer(call.response.status, call.response.body) }
}
