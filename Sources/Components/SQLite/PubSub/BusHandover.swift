import MechaCore

/// A message on its way to a handler.
struct BusHandover: Sendable {
    let feed: BusFeed
    var entry: DeliveryQueue<BusItem, BusFeed>.Entry
}
