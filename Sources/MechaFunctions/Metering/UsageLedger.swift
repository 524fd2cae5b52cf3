import MechaCore

/// What the calls of a function have used, by revision. Pure; who runs calls adds to it.
public struct UsageLedger: Sendable, Equatable {
    /// Of revisions that no longer run, or ran in an earlier process.
    public private(set) var revisions: [Int: FunctionUsage] = [:]
    /// Of revisions whose own account was closed.
    public private(set) var earlier = FunctionUsage()

    /// Accounts of their own; the oldest ones beyond are added up.
    public static let revisionsAtMost = 100

    public init() {}

    public mutating func add(_ usage: FunctionUsage, of revision: Int) {
        guard usage != FunctionUsage() else { return }
        revisions[revision, default: FunctionUsage()] += usage
        while revisions.count > Self.revisionsAtMost, let oldest = revisions.keys.min(), let usage = revisions.removeValue(forKey: oldest) {
            earlier += usage
        }
    }

    public var total: FunctionUsage {
        var total = earlier
        for usage in revisions.values { total += usage }
        return total
    }

    public var json: JSON {
        [
            "earlier": .object(earlier.members),
            "revisions": .object(revisions.sorted { $0.key < $1.key }.map { .init(String($0.key), .object($0.value.members)) }),
        ]
    }

    public init(_ json: JSON) {
        earlier = FunctionUsage(json["earlier"] ?? .null)
        for revision in json["revisions"]?.objectValue ?? [] {
            if let number = Int(revision.name) { revisions[number] = FunctionUsage(revision.value) }
        }
    }
}
