/// A metric that a guest keeps itself, as it stands now.
public struct GuestMetric: Sendable, Equatable {
    public enum Kind: UInt32, Sendable {
        case counter, gauge, histogram
    }

    public var kind: Kind
    public var name: String
    /// Of a counter or a gauge; of a histogram the sum of what was recorded.
    public var value: UInt64
    /// How often a histogram was recorded.
    public var count: UInt64

    public init(_ kind: Kind, _ name: String, value: UInt64, count: UInt64 = 0) {
        self.kind = kind
        self.name = name
        self.value = value
        self.count = count
    }
}
