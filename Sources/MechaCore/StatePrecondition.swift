/// What must hold of the stored entry for a write or removal to happen: etag and concurrency read
/// together, in one place, so that every store reads them alike.
///
/// An empty etag counts as none. A given etag is compared whatever the concurrency says, since a caller
/// who names a version never means to overwrite another one.
public enum StatePrecondition: Sendable, Equatable {
    case none
    /// The key is missing or expired (first-write without an etag).
    case absent
    /// The stored etag is exactly this one.
    case etag(String)
}

extension StateWrite {
    public var precondition: StatePrecondition {
        if let etag, !etag.isEmpty { return .etag(etag) }
        return concurrency == .firstWrite ? .absent : .none
    }
}

extension StateRemoval {
    /// First-write without an etag asks for nothing here: there is no second writer that a removal
    /// could overtake.
    public var precondition: StatePrecondition {
        if let etag, !etag.isEmpty { return .etag(etag) }
        return .none
    }
}

extension CapabilityError {
    /// The refusal of a write or removal whose ``StatePrecondition`` does not hold.
    public static let stateEtagMismatch = CapabilityError(.etagMismatch, "the stored entry has another etag or does not exist")
    /// The refusal of a first write (``StatePrecondition/absent``) to a key that is taken.
    public static let stateAlreadyPresent = CapabilityError(.etagMismatch, "the key exists already and no etag was given")
}
