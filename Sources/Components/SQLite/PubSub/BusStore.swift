import MechaCore

/// What this process remembers of the file between transactions. Touched by the round under way only.
final class BusStore {
    let catalog = BusCatalog()
    /// Nil for a database in memory, which no other process sees.
    let wakes: WakeSender?
    /// Our row in `consumers`; nil while there is none.
    var consumer: Int64?
    var lastSeen: Int64 = 0
    var lastHousekeeping: Int64 = 0
    var claims: [Int64: BusClaim] = [:]
    /// Subscriptions of this process by their rows.
    var local: [Int64: BusSubscription] = [:]
    /// Those that messages may wait for.
    var dirty: Set<Int64> = []
    /// Messages done with since their topic was last trimmed.
    var doneSinceTrim: [Int64: Int64] = [:]

    init(wakes: WakeSender?) { self.wakes = wakes }
}
