import NIOCore

/// A stored value as a store returns it.
public struct StateEntry: Sendable, Equatable {
    public var value: ByteBuffer
    /// Opaque version; nil when the store has no etags.
    public var etag: String?
    /// When the entry will vanish; nil for never.
    public var expiresAt: Timestamp?

    public init(value: ByteBuffer, etag: String? = nil, expiresAt: Timestamp? = nil) {
        self.value = value
        self.etag = etag
        self.expiresAt = expiresAt
    }
}

public enum StateConsistency: Sendable { case unspecified, eventual, strong }

public enum StateConcurrency: Sendable { case unspecified, firstWrite, lastWrite }

public struct StateReadOptions: Sendable, Equatable {
    public var consistency: StateConsistency
    public var metadata: [String: String]

    public init(consistency: StateConsistency = .unspecified, metadata: [String: String] = [:]) {
        self.consistency = consistency
        self.metadata = metadata
    }
}

/// One value to store.
public struct StateWrite: Sendable, Equatable {
    public var key: String
    public var value: ByteBuffer
    /// The version that the caller has seen; stores read it with `concurrency` as ``StateWrite/precondition``.
    public var etag: String?
    public var concurrency: StateConcurrency
    public var consistency: StateConsistency
    /// Seconds until the entry vanishes, from metadata `ttlInSeconds` (``StateTTL``). Nil, 0 and negative
    /// numbers mean never, and clear an earlier limit.
    public var ttlInSeconds: Int?
    /// From metadata `contentType`; nil for unspecified.
    public var contentType: String?
    public var metadata: [String: String]

    public init(
        key: String, value: ByteBuffer, etag: String? = nil, concurrency: StateConcurrency = .unspecified,
        consistency: StateConsistency = .unspecified, ttlInSeconds: Int? = nil, contentType: String? = nil,
        metadata: [String: String] = [:]
    ) {
        self.key = key
        self.value = value
        self.etag = etag
        self.concurrency = concurrency
        self.consistency = consistency
        self.ttlInSeconds = ttlInSeconds
        self.contentType = contentType
        self.metadata = metadata
    }
}

/// One key to delete.
public struct StateRemoval: Sendable, Equatable {
    public var key: String
    public var etag: String?
    public var concurrency: StateConcurrency
    public var consistency: StateConsistency
    public var metadata: [String: String]

    public init(
        key: String, etag: String? = nil, concurrency: StateConcurrency = .unspecified,
        consistency: StateConsistency = .unspecified, metadata: [String: String] = [:]
    ) {
        self.key = key
        self.etag = etag
        self.concurrency = concurrency
        self.consistency = consistency
        self.metadata = metadata
    }
}

/// A step of a transaction.
public enum StateOperation: Sendable, Equatable {
    case upsert(StateWrite)
    case delete(StateRemoval)
}

/// The outcome for one key of a bulk read.
public struct StateBulkResult: Sendable {
    public var key: String
    public var outcome: Result<StateEntry?, any Error>

    public init(key: String, _ outcome: Result<StateEntry?, any Error>) {
        self.key = key
        self.outcome = outcome
    }
}

/// Dapr's query language over stored JSON (`filter`, `sort`, `page`).
public struct StateQuery: Sendable, Equatable {
    public indirect enum Filter: Sendable, Equatable {
        case equal(path: String, JSON)
        case notEqual(path: String, JSON)
        case greater(path: String, JSON)
        case greaterOrEqual(path: String, JSON)
        case less(path: String, JSON)
        case lessOrEqual(path: String, JSON)
        case oneOf(path: String, [JSON])
        case and([Filter])
        case or([Filter])
    }

    public struct Sorting: Sendable, Equatable {
        public var path: String
        public var descending: Bool
        public init(path: String, descending: Bool) {
            self.path = path
            self.descending = descending
        }
    }

    public var filter: Filter?
    public var sort: [Sorting]
    /// At most this many results; nil for the store's default.
    public var limit: Int?
    /// Where an earlier page ended.
    public var token: String?
    /// Only keys that begin so are considered (the app's key prefix).
    public var keyPrefix: String

    public init(filter: Filter? = nil, sort: [Sorting] = [], limit: Int? = nil, token: String? = nil, keyPrefix: String = "") {
        self.filter = filter
        self.sort = sort
        self.limit = limit
        self.token = token
        self.keyPrefix = keyPrefix
    }
}

public struct StateQueryPage: Sendable {
    public var results: [(key: String, entry: StateEntry)]
    /// Present when there may be more.
    public var token: String?

    public init(results: [(key: String, entry: StateEntry)], token: String? = nil) {
        self.results = results
        self.token = token
    }
}
