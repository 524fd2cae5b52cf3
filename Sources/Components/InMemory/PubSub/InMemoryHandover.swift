import MechaCore

/// A message on its way to a handler. An object, because it goes through many hands and outlasts the handler.
final class InMemoryHandover: Sendable {
    let group: InMemoryGroup
    let feed: InMemoryFeed
    let entry: DeliveryQueue<InMemoryMessage, InMemoryFeed>.Entry

    init(group: InMemoryGroup, feed: InMemoryFeed, entry: DeliveryQueue<InMemoryMessage, InMemoryFeed>.Entry) {
        self.group = group
        self.feed = feed
        self.entry = entry
    }
}

/// Handovers that one call set off: mostly one, which then costs no array.
struct InMemoryHandovers: Sendable {
    var first: InMemoryHandover?
    var others: [InMemoryHandover] = []
    /// Those that waited for a consumer which is gone now.
    var left: [CheckedContinuation<Void, Never>] = []

    mutating func append(_ handover: InMemoryHandover) {
        if first == nil { first = handover } else { others.append(handover) }
    }
}
