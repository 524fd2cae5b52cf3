import NIOCore

/// Durable or volatile key/value storage. Keys arrive already prefixed; values are opaque bytes.
///
/// Every operation that returns has been confirmed by the backend. Behaviour table: section 8.2 of the
/// Dapr surface; the conformance suite in MechaTestKit is the executable form of it.
public protocol StateStore: Component {
    var features: StateFeatures { get }

    /// Nil when the key is missing or expired.
    func get(_ key: String, _ options: StateReadOptions) async throws -> StateEntry?

    /// Reads many keys; one result per key in the order of `keys`, a failure standing for its own key only.
    func bulkGet(_ keys: [String], _ options: StateReadOptions, parallelism: Int) async throws -> [StateBulkResult]

    func set(_ write: StateWrite) async throws

    /// Writes several items, not as one transaction. Throws the first failure after all were tried.
    func bulkSet(_ writes: [StateWrite]) async throws

    /// Deleting a missing key without an etag succeeds.
    func delete(_ removal: StateRemoval) async throws

    func bulkDelete(_ removals: [StateRemoval]) async throws

    /// Applies all operations in order and atomically. Requires ``StateFeatures/transactional``.
    func transact(_ operations: [StateOperation], metadata: [String: String]) async throws

    /// The most operations that one transaction may hold; nil for no limit of the store's own.
    var maximumTransactionOperations: Int? { get }

    /// Runs a query over stored JSON. Requires ``StateFeatures/query``.
    func query(_ query: StateQuery, metadata: [String: String]) async throws -> StateQueryPage

    /// Keys that begin with `prefix`, in ascending order of their UTF-8 bytes, at most `limit`, after
    /// `cursor` (a key). Every character of `prefix` stands for itself.
    /// Requires ``StateFeatures/keysLike``.
    func keys(withPrefix prefix: String, after cursor: String?, limit: Int) async throws -> [String]

    /// Deletes every key that begins with `prefix`; answers how many. Requires ``StateFeatures/deleteWithPrefix``.
    func deleteAll(withPrefix prefix: String) async throws -> Int
}

extension StateStore {
    public var maximumTransactionOperations: Int? { nil }

    public func bulkGet(_ keys: [String], _ options: StateReadOptions, parallelism: Int) async throws -> [StateBulkResult] {
        var results: [StateBulkResult] = []
        results.reserveCapacity(keys.count)
        for key in keys {
            do {
                results.append(StateBulkResult(key: key, .success(try await get(key, options))))
            } catch {
                results.append(StateBulkResult(key: key, .failure(error)))
            }
        }
        return results
    }

    public func bulkSet(_ writes: [StateWrite]) async throws {
        try await eachReportingFirstFailure(writes) { try await set($0) }
    }

    public func bulkDelete(_ removals: [StateRemoval]) async throws {
        try await eachReportingFirstFailure(removals) { try await delete($0) }
    }

    private func eachReportingFirstFailure<Item>(_ items: [Item], _ body: (Item) async throws -> Void) async throws {
        var firstFailure: (any Error)?
        for item in items {
            do { try await body(item) } catch { firstFailure = firstFailure ?? error }
        }
        if let firstFailure { throw firstFailure }
    }

    public func transact(_ operations: [StateOperation], metadata: [String: String]) async throws {
        throw CapabilityError(.unsupported, "the store does not support transactions")
    }

    public func query(_ query: StateQuery, metadata: [String: String]) async throws -> StateQueryPage {
        throw CapabilityError(.unsupported, "the store does not support queries")
    }

    public func keys(withPrefix prefix: String, after cursor: String?, limit: Int) async throws -> [String] {
        throw CapabilityError(.unsupported, "the store cannot list keys")
    }

    public func deleteAll(withPrefix prefix: String) async throws -> Int {
        throw CapabilityError(.unsupported, "the store cannot delete by prefix")
    }
}

/// What a state store can do beyond get, set and delete.
public struct StateFeatures: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let etag = StateFeatures(rawValue: 1)
    public static let transactional = StateFeatures(rawValue: 2)
    public static let ttl = StateFeatures(rawValue: 4)
    public static let query = StateFeatures(rawValue: 8)
    public static let deleteWithPrefix = StateFeatures(rawValue: 16)
    public static let keysLike = StateFeatures(rawValue: 32)
    public static let partitionKey = StateFeatures(rawValue: 64)

    /// The names that the metadata API reports.
    public var names: [String] {
        let all: [(StateFeatures, String)] = [
            (.etag, "ETAG"), (.transactional, "TRANSACTIONAL"), (.ttl, "TTL"), (.query, "QUERY_API"),
            (.deleteWithPrefix, "DELETE_WITH_PREFIX"), (.keysLike, "KEYS_LIKE"), (.partitionKey, "PARTITION_KEY"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}
