#if Kafka
/// How far a group is with one partition: what was fetched, what is done with, and from where on everything would
/// have to be fetched again. Messages are done with in any order; only what has nothing open before it may be committed.
///
/// A partition that is taken away and given back goes on where it was, so that what handlers are busy with is neither
/// handed over a second time nor forgotten.
struct PartitionProgress: Sendable {
    /// Changes when the partition begins anew: what handlers hold from before means nothing any more.
    private(set) var generation = 0
    /// Offset after the last one that was fetched; nil before the first assignment.
    private var next: Int64?
    /// Fetched and not done with, in order.
    private var open: [Int64] = []
    /// Done with, above the lowest open one.
    private var finished: Set<Int64> = []
    /// Fetched, and thrown away before anybody took them.
    private var lost: Set<Int64> = []

    init() {}

    /// Offsets from the first one that is not done with to the last one that was fetched.
    var spread: Int { Int((next ?? 0) - (base ?? next ?? 0)) }

    /// The offset to commit: everything before it is done with.
    private var base: Int64? { [open.first, lost.min(), next].compactMap { $0 }.min() }

    /// The partition is assigned, and the group has come to `offset`. Answers from where to fetch.
    mutating func begin(at offset: Int64) -> Int64 {
        if let base, offset <= base { return base }
        // Somebody else has gone on meanwhile, or nothing is known.
        generation += 1
        next = offset
        open = []
        finished = []
        lost = []
        return offset
    }

    /// Whether a message that was fetched is to be handed over: false when it is with a handler, or done with.
    mutating func fetched(_ offset: Int64) -> Bool {
        if lost.remove(offset) == nil {
            guard !finished.contains(offset), offset >= next ?? 0 else { return false }
            next = offset + 1
        }
        let index = open.last.map { $0 < offset } ?? true ? open.count : open.firstIndex { $0 >= offset } ?? open.count
        if index < open.count, open[index] == offset { return false }
        open.insert(offset, at: index)
        return true
    }

    /// A fetched message was thrown away: it is to be fetched again.
    mutating func lose(_ offset: Int64) {
        guard let index = open.firstIndex(of: offset) else { return }
        open.remove(at: index)
        lost.insert(offset)
    }

    /// A message is done with. Answers the offset to commit when that has moved.
    mutating func finish(_ offset: Int64) -> Int64? {
        guard let index = open.firstIndex(of: offset), let before = base else { return nil }
        open.remove(at: index)
        finished.insert(offset)
        guard let base, base > before else { return nil }
        finished = finished.filter { $0 >= base }
        return base
    }
}
#endif
