import MechaCore
import NIOCore

/// `state.redis`: state in Redis, one hash per key, in the layout that Dapr's component of that name uses.
public final class RedisStateStore: StateStore {
    let client: RedisClient
    let clock: any MechaClock
    /// Seconds to live of what is written without a limit of its own; nil for none.
    let defaultTTLInSeconds: Int?

    public init(client: RedisClient, clock: any MechaClock, defaultTTLInSeconds: Int? = nil) {
        self.client = client
        self.clock = clock
        self.defaultTTLInSeconds = defaultTTLInSeconds
    }

    public var features: StateFeatures { [.etag, .transactional, .ttl, .deleteWithPrefix, .keysLike] }
    public var status: ComponentStatus { client.status }
    public func start() async throws { try await client.start() }
    public func close() async { await client.close() }

    // MARK: - Single keys

    public func get(_ key: String, _ options: StateReadOptions) async throws -> StateEntry? {
        let replies = try await client.call(key: key, replies: RedisStateRead.replies) { RedisStateRead.encode(key, &$0) }
        var foreign: RedisServerError?
        let entry = try entry(replies, &foreign)
        guard let foreign else { return entry }
        return try await getForeign(key, after: foreign)
    }

    /// Apart, since what stands in an async function stays in its frame.
    @inline(never)
    private func entry(_ replies: RedisReplies, _ foreign: inout RedisServerError?) throws -> StateEntry? {
        switch try RedisStateRead.decodeOne(replies, clock) {
        case .success(let entry): return entry
        case .failure(let error):
            foreign = error
            return nil
        }
    }

    public func set(_ write: StateWrite) async throws {
        let plan = try RedisStatePlan(write, defaultTTLInSeconds: defaultTTLInSeconds)
        let replies =
            if write.consistency == .strong {
                try await runConfirmed(RedisStateScripts.set, key: write.key, arguments: 4) { plan.encode(write.key, &$0) }
            } else {
                try await client.run(RedisStateScripts.set, key: write.key, arguments: 4) { plan.encode(write.key, &$0) }
            }
        try expectChange(replies, or: plan.refusal)
    }

    public func delete(_ removal: StateRemoval) async throws {
        let key = removal.key
        let version = try RedisStatePlan.expectation(removal.precondition)
        if version.isEmpty {
            let replies =
                if removal.consistency == .strong {
                    try await confirmed(key: key) { $0.command("DEL", key) }
                } else {
                    try await client.call(key: key) { $0.command("DEL", key) }
                }
            _ = try client.values(replies)
            return
        }
        func encode(_ writer: inout RESPWriter) {
            writer.write(key)
            writer.write(version)
        }
        let replies =
            if removal.consistency == .strong {
                try await runConfirmed(RedisStateScripts.delete, key: key, arguments: 1, encode)
            } else {
                try await client.run(RedisStateScripts.delete, key: key, arguments: 1, encode)
            }
        try expectChange(replies, or: .stateEtagMismatch)
    }

    /// Throws `refusal` when a script answered that its condition does not hold.
    private func expectChange(_ replies: RedisReplies, or refusal: CapabilityError) throws {
        guard case .integer(let outcome)? = try client.values(replies).first else {
            throw CapabilityError(redis: RESPError(.unexpectedType))
        }
        if outcome == 0 { throw refusal }
    }

    /// Reads a key that `error` says is no hash: a plain string written by someone else is a value
    /// without a version.
    func getForeign(_ key: String, after error: RedisServerError) async throws -> StateEntry? {
        guard error.kind == "WRONGTYPE" else { throw client.failure(error) }
        let replies = try await client.call(key: key, replies: 2) { writer in
            writer.command("GET", key)
            writer.command("PTTL", key)
        }
        let answers = try client.values(replies)
        guard case .string(let value)? = answers.first else { return nil }
        return StateEntry(value: value, expiresAt: RedisStateRead.expiry(answers[1].integerValue ?? -1, clock))
    }
}
