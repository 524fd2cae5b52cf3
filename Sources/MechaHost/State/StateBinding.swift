import MechaCore
import MechaPolicies
import MechaTelemetry
import NIOCore

/// A state store as one app uses it: the component with the app's key prefix and encryption.
///
/// An object, because every call holds one.
final class StateBinding: Sendable {
    let name: String
    let store: any StateStore
    let prefix: KeyPrefix
    let encryption: StateEncryption?
    let calls: ComponentCallMetrics<StateCall>.Component
    /// What calls are made under; nil for nothing.
    let policy: Policy?
    let lease: ComponentLease

    init(
        name: String, store: any StateStore, prefix: KeyPrefix, encryption: StateEncryption?,
        calls: ComponentCallMetrics<StateCall>.Component, policy: Policy?, lease: ComponentLease
    ) {
        self.name = name
        self.store = store
        self.prefix = prefix
        self.encryption = encryption
        self.calls = calls
        self.policy = policy
        self.lease = lease
    }

    func get(_ key: String, _ options: StateReadOptions) async throws -> StateEntry? {
        try decrypted(try await store.get(prefix.apply(to: key), options))
    }

    func bulkGet(_ keys: [String], _ options: StateReadOptions, parallelism: Int) async throws -> [StateBulkResult] {
        let stored = try await store.bulkGet(keys.map(prefix.apply), options, parallelism: parallelism)
        return zip(keys, stored).map { key, result in
            StateBulkResult(key: key, Result { try decrypted(try result.outcome.get()) })
        }
    }

    /// The write as the store is to see it.
    func prepared(_ write: StateWrite) throws -> StateWrite {
        var write = write
        write.key = try prefix.apply(to: write.key)
        if let encryption { write.value = try encryption.encrypt(write.value) }
        if write.ttlInSeconds == nil { write.ttlInSeconds = try StateTTL.parse(write.metadata) }
        if write.contentType == nil { write.contentType = write.metadata["contentType"] }
        return write
    }

    func prepared(_ removal: StateRemoval) throws -> StateRemoval {
        var removal = removal
        removal.key = try prefix.apply(to: removal.key)
        return removal
    }

    func prepared(_ operation: StateOperation) throws -> StateOperation {
        switch operation {
        case .upsert(let write): .upsert(try prepared(write))
        case .delete(let removal): .delete(try prepared(removal))
        }
    }

    private func decrypted(_ entry: StateEntry?) throws -> StateEntry? {
        guard let encryption, var entry else { return entry }
        entry.value = try encryption.decrypt(entry.value)
        return entry
    }
}
