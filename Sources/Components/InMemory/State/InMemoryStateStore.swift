import MechaCore
import Synchronization

/// `state.in-memory`: every feature of the state API on a table in this process. Nothing survives it.
///
/// A call takes the lock once, for as long as a look-up takes. Listing keys, deleting by prefix and
/// queries pass over every key under the lock; queries read documents after it is released.
public final class InMemoryStateStore: StateStore {
    /// Keys and values that a store holds at most when nothing else is said: 1 GiB.
    public static let defaultMaximumBytes = 1 << 30

    private let clock: any MechaClock
    private let maximumBytes: Int
    private let table: Mutex<StateTable>
    private let isClosed = Atomic(false)

    public init(maximumBytes: Int = InMemoryStateStore.defaultMaximumBytes, clock: any MechaClock = SystemClock()) {
        self.clock = clock
        self.maximumBytes = maximumBytes
        table = Mutex(StateTable(maximumBytes: maximumBytes))
    }

    public let features: StateFeatures = [.etag, .transactional, .ttl, .query, .deleteWithPrefix, .keysLike]

    public var status: ComponentStatus { isClosed.load(ordering: .relaxed) ? ComponentStatus(.closed) : .ready }

    public func start() async throws {}

    public func close() async {
        isClosed.store(true, ordering: .relaxed)
        table.withLock { $0 = StateTable(maximumBytes: maximumBytes) }
    }

    // MARK: - Reading

    public func get(_ key: String, _ options: StateReadOptions) async throws -> StateEntry? {
        try checkOpen()
        let key = ExactKey(key)
        return table.withLock { $0.live(key, at: clock.now()) }
    }

    public func bulkGet(_ keys: [String], _ options: StateReadOptions, parallelism: Int) async throws -> [StateBulkResult] {
        try checkOpen()
        let now = clock.now()
        return table.withLock { table in
            keys.map { StateBulkResult(key: $0, .success(table.live(ExactKey($0), at: now))) }
        }
    }

    public func query(_ query: StateQuery, metadata: [String: String]) async throws -> StateQueryPage {
        try checkOpen()
        var evaluator = try StateQueryEvaluator(query)
        let cursor = evaluator.startAfterKey
        let entries = table.withLock { $0.entries(withPrefix: query.keyPrefix, after: cursor, at: clock.now()) }
        for (key, entry) in entries.sorted(by: { UTF8Order.isLess($0.key, $1.key) }) {
            guard evaluator.consider(key: key, entry: entry) else { break }
        }
        return evaluator.page()
    }

    public func keys(withPrefix prefix: String, after cursor: String?, limit: Int) async throws -> [String] {
        try checkOpen()
        let entries = table.withLock { $0.entries(withPrefix: prefix, after: cursor, at: clock.now()) }
        return Array(entries.map(\.key).sorted(by: UTF8Order.isLess).prefix(max(0, limit)))
    }

    // MARK: - Writing

    public func set(_ write: StateWrite) async throws {
        try apply([.upsert(write)])
    }

    public func delete(_ removal: StateRemoval) async throws {
        try apply([.delete(removal)])
    }

    public func transact(_ operations: [StateOperation], metadata: [String: String]) async throws {
        try apply(operations)
    }

    public func deleteAll(withPrefix prefix: String) async throws -> Int {
        try checkOpen()
        return table.withLock { $0.removeAll(withPrefix: prefix, at: clock.now()) }
    }

    private func apply(_ operations: [StateOperation]) throws {
        try checkOpen()
        // Random numbers come from the kernel: drawn before the lock is taken.
        let etags = operations.map { _ in RandomID.uuid() }
        if let refusal = table.withLock({ $0.apply(operations, etags: etags, at: clock.now()) }) { throw refusal }
    }

    private func checkOpen() throws {
        guard !isClosed.load(ordering: .relaxed) else { throw CapabilityError(.closed, "the store is closed") }
    }
}

extension InMemoryStateStore {
    /// `state.in-memory/v1`. Not shared between apps: each app that names it gets a table of its own.
    public static let descriptor = ComponentDescriptor(
        type: "state.in-memory",
        summary: "Keeps state in the memory of this process; nothing survives a restart.",
        fields: [
            MetadataField(
                "maxBytes", .bytes, default: "1Gi", "Keys and values held at most; writes beyond it are refused.")
        ],
        capabilities: (StateFeatures([.etag, .transactional, .ttl, .query, .deleteWithPrefix, .keysLike])).names,
        isShareable: false,
        make: { metadata, environment in
            InMemoryStateStore(
                maximumBytes: try metadata.byteSize("maxBytes", default: defaultMaximumBytes), clock: environment.clock)
        })
}
