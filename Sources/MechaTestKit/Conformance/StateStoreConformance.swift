import MechaCore
import NIOCore

/// The executable form of the ``StateStore`` contract (sections 8.2 and 8.3 of the Dapr surface): a
/// table of cases that every state store passes. Cases use keys of their own, so that one store serves
/// them all, and a case whose features the store lacks is left out.
public struct StateStoreConformance: Sendable {
    /// What the store answers to an etag that it never issued.
    public enum MalformedEtag: Sendable {
        /// ``CapabilityError/Code/etagMismatch``: every text could be an etag.
        case mismatch
        /// ``CapabilityError/Code/etagInvalid``.
        case invalid
    }

    let store: any StateStore
    let malformedEtag: MalformedEtag
    let letPass: @Sendable (Duration) async throws -> Void
    /// Begins every key of this run: a backend may hold data of earlier ones.
    let run = "conformance-\(RandomID.uuid().prefix(8))"

    /// - Parameter letPass: moves the store's clock on by a little more than the given time, or waits that long.
    public init(
        _ store: any StateStore, malformedEtag: MalformedEtag = .mismatch,
        letPass: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.store = store
        self.malformedEtag = malformedEtag
        self.letPass = letPass
    }

    /// A row of the suite.
    struct Case: Sendable {
        var name: String
        var needs: StateFeatures
        var body: @Sendable (StateStoreConformance, StateCaseKeys) async throws -> Void

        init(
            _ name: String, needs: StateFeatures = [],
            _ body: @escaping @Sendable (StateStoreConformance, StateCaseKeys) async throws -> Void
        ) {
            self.name = name
            self.needs = needs
            self.body = body
        }
    }

    static let cases: [Case] =
        valueCases + bulkCases + etagCases + firstWriteCases + ttlCases + transactionCases + listingCases + queryCases
        + concurrencyCases

    /// Runs every case that the store's features allow, one after the other, and answers what failed.
    public func failures() async -> [ConformanceFailure] {
        var failures: [ConformanceFailure] = []
        for (index, testCase) in Self.cases.enumerated() where store.features.isSuperset(of: testCase.needs) {
            do {
                try await testCase.body(self, StateCaseKeys(prefix: "\(run)||\(index)||"))
            } catch let mismatch as Mismatch {
                failures.append(ConformanceFailure(testCase.name, mismatch.problem))
            } catch {
                failures.append(ConformanceFailure(testCase.name, "threw: \(error)"))
            }
        }
        return failures
    }
}

/// Keys of one case.
struct StateCaseKeys: Sendable {
    /// Begins every key of the case, and no key of another.
    let prefix: String

    subscript(name: String) -> String { prefix + name }
}

// MARK: - The words that cases are written in

extension StateStoreConformance {
    func put(
        _ key: String, _ value: String, etag: String? = nil, _ concurrency: StateConcurrency = .unspecified, ttl: Int? = nil
    ) async throws {
        try await store.set(Self.write(key, value, etag: etag, concurrency, ttl: ttl))
    }

    static func write(
        _ key: String, _ value: String, etag: String? = nil, _ concurrency: StateConcurrency = .unspecified, ttl: Int? = nil
    ) -> StateWrite {
        StateWrite(key: key, value: ByteBuffer(string: value), etag: etag, concurrency: concurrency, ttlInSeconds: ttl)
    }

    func remove(_ key: String, etag: String? = nil) async throws {
        try await store.delete(StateRemoval(key: key, etag: etag))
    }

    func entry(_ key: String) async throws -> StateEntry? { try await store.get(key, StateReadOptions()) }

    /// The value as text; nil when the key is missing.
    func text(_ key: String) async throws -> String? { try await entry(key).map { String(buffer: $0.value) } }

    func etag(_ key: String) async throws -> String {
        guard let etag = try await entry(key)?.etag, !etag.isEmpty else { throw Mismatch(problem: "an entry has no etag") }
        return etag
    }

    func expect(_ key: String, _ value: String?, _ what: String = "the value read") async throws {
        try checkEqual(try await text(key), value, what)
    }

    func expectRefusal(
        _ code: CapabilityError.Code, _ what: String, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch let error as CapabilityError {
            return try checkEqual(error.code, code, "the code of the error for \(what)")
        }
        throw Mismatch(problem: "\(what) was accepted")
    }
}
