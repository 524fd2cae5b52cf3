import MechaCore
import MechaResiliency
import Synchronization

/// When events that were not taken were handed over first, for brokers that only count. Known as long as the
/// subscription lives, and for the latest ``maximumEvents`` of them.
final class FirstDeliveries: Sendable {
    static let maximumEvents = 4_096

    private let times = Mutex(LRUCache<String, Timestamp>(capacity: FirstDeliveries.maximumEvents))

    /// The first time that this was asked of the event.
    func time(of id: String, now: Timestamp) -> Timestamp { times.withLock { $0.value(for: id) { now } } }
}
