/// Why an attempt counts as failed, as far as policies look at it.
public enum CallFailure: Sendable, Hashable {
    /// An answer with this HTTP status.
    case http(Int)
    /// An end with this gRPC status code. A peer that cannot be reached counts as 14 (unavailable).
    case grpc(Int)
    /// A failure without a code, such as a component's error or a timeout.
    case other
}
