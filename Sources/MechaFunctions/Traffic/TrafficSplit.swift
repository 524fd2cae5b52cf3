import MechaCore

/// How the calls through an alias are spread over revisions.
public struct TrafficSplit: Sendable, Hashable {
    /// Parts of revisions, in the order of their numbers; all above zero.
    public let parts: [Part]
    public let stickiness: Stickiness?
    private let total: UInt64

    public struct Part: Sendable, Hashable {
        public var revision: Int
        public var weight: Int
    }

    /// Nil when nobody has a part, a weight is negative, or a sum would not fit.
    public init?(_ weights: [Int: Int], stickiness: Stickiness? = nil) {
        guard weights.count <= Self.partsAtMost, weights.values.allSatisfy({ (0...Self.weightAtMost).contains($0) }) else { return nil }
        parts = weights.filter { $0.value > 0 }.map { Part(revision: $0.key, weight: $0.value) }.sorted { $0.revision < $1.revision }
        guard !parts.isEmpty else { return nil }
        total = parts.reduce(0) { $0 + UInt64($1.weight) }
        self.stickiness = stickiness
    }

    /// Everything to one revision.
    public init(_ revision: Int, stickiness: Stickiness? = nil) {
        parts = [Part(revision: revision, weight: 100)]
        total = 100
        self.stickiness = stickiness
    }

    public static let partsAtMost = 100
    public static let weightAtMost = 1_000_000

    public var revisions: [Int] { parts.map(\.revision) }

    /// The revision that has the point, where all 64-bit points are shared out in the order of the revisions. So a
    /// change of weights moves only the points at the borders to other revisions.
    public func revision(at point: UInt64) -> Int {
        var rest = point.multipliedFullWidth(by: total).high
        for part in parts {
            if rest < UInt64(part.weight) { return part.revision }
            rest -= UInt64(part.weight)
        }
        return parts[parts.count - 1].revision
    }

    /// A new revision gets `percent` of all calls; the others share the rest as before.
    public func giving(_ revision: Int, percent: Int) -> TrafficSplit {
        let others = parts.filter { $0.revision != revision }
        guard percent < 100, !others.isEmpty else { return TrafficSplit(revision, stickiness: stickiness) }
        let sum = others.reduce(0) { $0 + $1.weight }
        // Whole parts of 10,000, none of which becomes nothing.
        var weights = Dictionary(others.map { ($0.revision, max(1, $0.weight * (100 - percent) * 100 / sum)) }) { $1 }
        if percent > 0 { weights[revision] = percent * 100 }
        let divisor = weights.values.reduce(0, Self.commonDivisor)
        return TrafficSplit(weights.mapValues { $0 / max(1, divisor) }, stickiness: stickiness) ?? self
    }

    private static func commonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : commonDivisor(b, a % b) }

    public var json: JSON {
        var members: [JSON.Member] = [
            .init("weights", .object(parts.map { .init(String($0.revision), .integer($0.weight)) }))
        ]
        if let stickiness { members.append(.init("stickiness", stickiness.json)) }
        return .object(members)
    }

    public init?(_ json: JSON) {
        var weights: [Int: Int] = [:]
        for part in json["weights"]?.objectValue ?? [] {
            guard let revision = Int(part.name), revision > 0, let weight = part.value.intValue else { return nil }
            weights[revision] = weight
        }
        self.init(weights, stickiness: json["stickiness"].flatMap { Stickiness($0) })
    }

    /// `1=90 2=10`.
    public var description: String { parts.map { "\($0.revision)=\($0.weight)" }.joined(separator: " ") }
}
