import MechaCore

/// A message on its way to a handler.
struct InMemoryHandover: Sendable {
    let group: InMemoryGroup
    let feed: InMemoryFeed
    var entry: DeliveryQueue<InMemoryMessage, InMemoryFeed>.Entry
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
