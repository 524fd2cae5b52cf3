import MechaCore

/// Whether, when and how often a failed call is repeated.
public struct RetryPolicy: Sendable, Hashable {
    public var backoff: Backoff
    /// Attempts after the first; nil for no limit.
    public var maximumRetries: Int?
    /// No retry begins later than this after the first attempt; nil for no limit.
    public var maximumElapsed: Duration?
    /// The only HTTP status codes that are retried; nil for all failures that carry one.
    public var httpStatusCodes: NumberRanges?
    /// The only gRPC status codes that are retried; nil for all failures that carry one.
    public var grpcStatusCodes: NumberRanges?

    public init(
        backoff: Backoff, maximumRetries: Int?, maximumElapsed: Duration? = nil, httpStatusCodes: NumberRanges? = nil,
        grpcStatusCodes: NumberRanges? = nil
    ) {
        self.backoff = backoff
        self.maximumRetries = maximumRetries
        self.maximumElapsed = maximumElapsed
        self.httpStatusCodes = httpStatusCodes
        self.grpcStatusCodes = grpcStatusCodes
    }

    /// Dapr's exponential policies end after 15 minutes whatever else is set.
    public static let exponentialMaximumElapsed: Duration = .seconds(15 * 60)

    /// What applies to service invocation when nothing is declared (`DaprBuiltInServiceRetries`): three
    /// retries a second apart, when the other side is unavailable (14) or does not know the caller yet
    /// (16). An app's answer is never a reason, whatever its HTTP status.
    public static let builtInServiceRetries = RetryPolicy(
        backoff: .constant(.seconds(1)), maximumRetries: 3, httpStatusCodes: NumberRanges([]),
        grpcStatusCodes: NumberRanges([14...14, 16...16]))

    /// Whether such a failure may be repeated at all.
    public func matches(_ failure: CallFailure) -> Bool {
        switch failure {
        case .http(let status): httpStatusCodes?.contains(status) ?? true
        case .grpc(let code): grpcStatusCodes?.contains(code) ?? true
        case .other: true
        }
    }
}
