import MechaCore
import MechaWire
import NIOCore

// Events go the way of calls: not to an unhealthy app, and within its concurrency.
extension LocalApp: EventTarget {
    public func deliver(_ event: TopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> EventAnswer {
        // Where nobody has to wait, no frame is kept for it.
        guard isGated else { return try await openChannel(for: .invocation).deliver(event, deadline: deadline) }
        return try await admitted { channel throws(InvocationError) in try await channel.deliver(event, deadline: deadline) }
    }

    public func deliver(_ events: BulkTopicEvent, deadline: NIODeadline?) async throws(InvocationError) -> [EventAnswer] {
        try await admitted { channel throws(InvocationError) in try await channel.deliver(events, deadline: deadline) }
    }

    /// Delivers an event of an input binding.
    public func trigger(_ trigger: BindingTrigger, deadline: NIODeadline?) async throws(InvocationError) -> BindingAnswer {
        try await admitted { channel throws(InvocationError) in try await channel.trigger(trigger, deadline: deadline) }
    }
}
