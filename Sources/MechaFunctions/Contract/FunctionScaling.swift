/// When instances come, are used again, and go.
public struct FunctionScaling: Sendable, Hashable, Codable {
    public enum Isolation: String, Sendable, Hashable, Codable, CaseIterable {
        /// A new instance for each request.
        case fresh
        /// An instance serves one request after the other.
        case reused
    }

    public var isolation = Isolation.fresh
    /// A reused instance is replaced after so many requests.
    public var maximumRequests = 10_000
    /// A reused instance is replaced when its memory has grown beyond this, in bytes; 0 is the limit on memory.
    public var maximumMemoryBytes = 0
    /// Instances that stand ready without a request.
    public var minimumInstances = 0
    /// After so long without a request all instances above the minimum go, in milliseconds.
    public var idleMilliseconds = 60_000

    public init() {}
}
