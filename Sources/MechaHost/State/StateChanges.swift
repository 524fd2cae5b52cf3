import MechaCore
import Synchronization

/// Tells who watches of the changes of state that apps of this process make. Without a watcher, a change costs one load.
public final class StateChanges: Sendable {
    /// What a watcher wants to hear of.
    public struct Filter: Sendable, Hashable {
        public var store: String
        /// Of keys as the store has them; empty for all.
        public var keyPrefix: String
        public var operations: Set<StateChange.Operation>

        public init(store: String, keyPrefix: String = "", operations: Set<StateChange.Operation> = Set(StateChange.Operation.allCases)) {
            self.store = store
            self.keyPrefix = keyPrefix
            self.operations = operations
        }

        func matches(_ change: StateChange) -> Bool {
            store == change.store && operations.contains(change.operation) && change.key.hasPrefix(keyPrefix)
        }
    }

    private struct Watcher {
        var filter: Filter
        /// Whose own changes are no news to it; only those of its namespace are any.
        var app: AppAddress
        var tell: @Sendable (StateChange) -> Void
    }

    private let count = Atomic<Int>(0)
    private let watchers = Mutex<(last: Int, all: [Int: Watcher])>((0, [:]))

    public init() {}

    public var isWatched: Bool { count.load(ordering: .acquiring) > 0 }

    /// Calls `tell` for each change from now on, at once and on any thread; a number to end that with.
    public func watch(_ filter: Filter, for app: AppAddress, _ tell: @escaping @Sendable (StateChange) -> Void) -> Int {
        watchers.withLock { watchers in
            watchers.last += 1
            watchers.all[watchers.last] = Watcher(filter: filter, app: app, tell: tell)
            count.store(watchers.all.count, ordering: .releasing)
            return watchers.last
        }
    }

    public func end(_ number: Int) {
        watchers.withLock { watchers in
            watchers.all[number] = nil
            count.store(watchers.all.count, ordering: .releasing)
        }
    }

    func tell(_ change: StateChange) {
        let listening = watchers.withLock { watchers in
            watchers.all.values.filter {
                $0.filter.matches(change) && $0.app != change.author && $0.app.namespace == change.author.namespace
            }
        }
        for watcher in listening { watcher.tell(change) }
    }
}
