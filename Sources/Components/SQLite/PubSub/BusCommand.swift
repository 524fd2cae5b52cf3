/// What changes who consumes.
enum BusCommand: Sendable {
    /// This process has a consumer for the subscription.
    case join(BusSubscription, CheckedContinuation<Void, Never>)
    /// The same, after a failure: nobody waits.
    case rejoin(BusSubscription)
    /// It has none any more.
    case part(BusSubscription)
    /// The order of the subscription may be kept by another process from now on.
    case release(BusSubscription)
    /// Settlements made before are in the file when this is answered.
    case flush(CheckedContinuation<Void, Never>)
    /// A look for processes that ended, and for what is no longer needed.
    case check
}
