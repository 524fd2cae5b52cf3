import NIOCore

/// The messages of a subscription that are about to be handed over. Lives on the subscription's loop; hence the
/// unchecked Sendable.
final class BusCourier: @unchecked Sendable {
    var waiting = CircularBuffer<BusHandover>()
}
