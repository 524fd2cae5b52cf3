import MechaCore

/// A named entrance of a function: where its calls go, and where they went before.
public struct AliasState: Sendable, Hashable {
    public private(set) var split: TrafficSplit
    /// The newest last.
    public private(set) var history: [TrafficSplit] = []

    public static let historyAtMost = 20

    public init(_ split: TrafficSplit) { self.split = split }

    /// Sends the calls elsewhere from now on.
    public mutating func set(_ next: TrafficSplit) {
        guard next != split else { return }
        history.append(split)
        if history.count > Self.historyAtMost { history.removeFirst(history.count - Self.historyAtMost) }
        split = next
    }

    /// The same without a place to go back to, for the steps of a release.
    public mutating func move(_ next: TrafficSplit) { split = next }

    /// Goes back to where the calls went before. False when there is no such place.
    ///
    /// - Parameter usable: revisions that there still are.
    public mutating func rollback(usable: Set<Int>) -> Bool {
        while let last = history.popLast() {
            // A place that led to the same revisions is none to go back to.
            if last.parts != split.parts, last.revisions.allSatisfy(usable.contains) {
                split = last
                return true
            }
        }
        return false
    }

    public var json: JSON {
        guard case .object(let members) = split.json else { return .null }
        return .object(members + [.init("history", .array(history.map(\.json)))])
    }

    public init?(_ json: JSON) {
        guard let split = TrafficSplit(json) else { return nil }
        self.split = split
        history = (json["history"]?.arrayValue ?? []).compactMap { TrafficSplit($0) }
    }
}
