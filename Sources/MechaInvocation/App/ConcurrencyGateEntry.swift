/// What became of a call that asked to be let through to an app.
enum ConcurrencyGateEntry: Equatable, Sendable {
    case admitted
    /// Waits under this number.
    case queued(Int)
    case rejected
}
