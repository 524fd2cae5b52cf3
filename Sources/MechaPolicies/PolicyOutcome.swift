import MechaResiliency

/// What an attempt means to policies.
package enum PolicyOutcome: Sendable, Hashable {
    case success
    case failure(CallFailure)
    /// The caller's own mistake, or its end: not retried, and no fault of the target.
    case callersFault
}
