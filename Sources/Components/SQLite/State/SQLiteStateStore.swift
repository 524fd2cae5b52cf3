import Logging
import MechaCore
import NIOCore
import Synchronization

/// `state.sqlite`: durable state in one file, safely shared by several processes of a host. The store
/// that apps get when they name none.
public final class SQLiteStateStore: StateStore {
    /// Entries that one step of a query or of clean-up touches, so that other calls get their turn.
    static let entriesPerStep = 500

    private let worker: SQLiteWorker
    private let tables: StateTables
    private let clock: any MechaClock
    private let logger: Logger
    private let cleanupInterval: Duration?
    private let cleanup = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter cleanupInterval: between two removals of expired entries; nil to leave them, invisible,
    ///   in the file.
    init(
        _ options: SQLiteOptions, tables: StateTables, cleanupInterval: Duration?, clock: any MechaClock, logger: Logger
    ) {
        var options = options
        options.prepare = { try tables.prepare($0) }
        worker = SQLiteWorker(options, logger: logger)
        self.tables = tables
        self.cleanupInterval = cleanupInterval
        self.clock = clock
        self.logger = logger
    }

    public let features: StateFeatures = SQLiteStateStore.features

    static let features: StateFeatures = [.etag, .transactional, .ttl, .query, .deleteWithPrefix, .keysLike]

    public var status: ComponentStatus { worker.status }

    public func start() async throws {
        try worker.start()
        guard let cleanupInterval else { return }
        let task = Task { await removeExpired(every: cleanupInterval) }
        cleanup.withLock { $0 = task }
    }

    public func close() async {
        let task = cleanup.withLock { task in
            defer { task = nil }
            return task
        }
        task?.cancel()
        await task?.value
        await worker.close()
    }

    // MARK: - Reading

    public func get(_ key: String, _ options: StateReadOptions) async throws -> StateEntry? {
        let now = clock.now()
        return try await worker.read { [tables] in try Self.entry(key, at: now, tables, $0) }
    }

    public func bulkGet(_ keys: [String], _ options: StateReadOptions, parallelism: Int) async throws -> [StateBulkResult] {
        guard !keys.isEmpty else { return [] }
        let now = clock.now()
        return try await worker.read { [tables] connection in
            keys.map { key in
                StateBulkResult(key: key, Result { try Self.entry(key, at: now, tables, connection) })
            }
        }
    }

    private static func entry(
        _ key: String, at now: Timestamp, _ tables: StateTables, _ connection: SQLiteConnection
    ) throws -> StateEntry? {
        try connection.first(tables.get, .text(key)) { try StateRow.entry($0, at: now) } ?? nil
    }

    public func keys(withPrefix prefix: String, after cursor: String?, limit: Int) async throws -> [String] {
        let now = StateRow.text(clock.now())
        return try await worker.read { [tables] connection in
            var keys: [String] = []
            try connection.forEach(
                tables.keys, .text(prefix), .optional(cursor), StateTables.end(ofPrefix: prefix), .text(now),
                .integer(Int64(max(0, limit)))
            ) { row in
                keys.append(row.text(0))
                return true
            }
            return keys
        }
    }

    /// Offers entries to the evaluator step by step, each step a read of its own: a query over many
    /// entries holds nobody up, and sees changes that happen while it runs.
    public func query(_ query: StateQuery, metadata: [String: String]) async throws -> StateQueryPage {
        var evaluator = try StateQueryEvaluator(query)
        let now = clock.now()
        var cursor = evaluator.startAfterKey
        while true {
            let step = try await entries(withPrefix: query.keyPrefix, after: cursor, at: now)
            for (key, entry) in step.entries {
                guard evaluator.consider(key: key, entry: entry) else { return evaluator.page() }
            }
            guard let last = step.lastKey else { return evaluator.page() }
            cursor = last
        }
    }

    /// The next entries and, when there may be more, the last key looked at.
    private func entries(
        withPrefix prefix: String, after cursor: String?, at now: Timestamp
    ) async throws -> (entries: [(key: String, entry: StateEntry)], lastKey: String?) {
        try await worker.read { [tables] connection in
            var entries: [(key: String, entry: StateEntry)] = []
            var rows = 0
            var lastKey: String?
            try connection.forEach(
                tables.entries, .text(prefix), .optional(cursor), StateTables.end(ofPrefix: prefix), .text(StateRow.text(now)),
                .integer(Int64(Self.entriesPerStep))
            ) { row in
                let key = row.text(0)
                if let entry = try StateRow.entry(row, at: now) { entries.append((key, entry)) }
                rows += 1
                lastKey = key
                return true
            }
            return (entries, rows == Self.entriesPerStep ? lastKey : nil)
        }
    }

    // MARK: - Writing

    public func set(_ write: StateWrite) async throws {
        try await transact([.upsert(write)], metadata: [:])
    }

    public func delete(_ removal: StateRemoval) async throws {
        try await transact([.delete(removal)], metadata: [:])
    }

    public func transact(_ operations: [StateOperation], metadata: [String: String]) async throws {
        guard !operations.isEmpty else { return }
        let changes = try changes(operations)
        try await worker.write { [tables] connection in
            for change in changes { try change.apply(tables, connection) }
        }
    }

    public func bulkSet(_ writes: [StateWrite]) async throws {
        try await applyEach(writes.map { .upsert($0) })
    }

    public func bulkDelete(_ removals: [StateRemoval]) async throws {
        try await applyEach(removals.map { .delete($0) })
    }

    /// Applies each operation by itself, all with one commit.
    private func applyEach(_ operations: [StateOperation]) async throws {
        guard !operations.isEmpty else { return }
        let changes = try changes(operations)
        let refusal = try await worker.write { [tables] connection in
            var refusal: CapabilityError?
            for change in changes {
                do {
                    try connection.withSavepoint { try change.apply(tables, connection) }
                } catch let error as CapabilityError {
                    refusal = refusal ?? error
                }
            }
            return refusal
        }
        if let refusal { throw refusal }
    }

    private func changes(_ operations: [StateOperation]) throws -> [StateChange] {
        let now = clock.now()
        return try operations.map { try StateChange($0, at: now) }
    }

    public func deleteAll(withPrefix prefix: String) async throws -> Int {
        try await worker.write { [tables] connection in
            try connection.run(tables.deleteRange, .text(prefix), StateTables.end(ofPrefix: prefix))
        }
    }

    // MARK: - Expired entries

    private func removeExpired(every interval: Duration) async {
        while !Task.isCancelled {
            do {
                try await clock.sleep(for: interval)
                let removed = try await removeExpired()
                if removed > 0 { logger.debug("removed expired entries", metadata: ["count": "\(removed)"]) }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("expired entries could not be removed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Removes expired entries step by step and answers how many.
    func removeExpired() async throws -> Int {
        let now = StateRow.text(clock.now())
        var removed = 0
        while true {
            let step = try await worker.write { [tables] connection in
                try connection.run(tables.deleteExpired, .text(now), .integer(Int64(Self.entriesPerStep)))
            }
            removed += step
            guard step == Self.entriesPerStep else { return removed }
        }
    }
}
