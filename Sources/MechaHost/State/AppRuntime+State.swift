import MechaCore
import MechaTelemetry
import NIOCore

extension AppRuntime {
    /// Keys of one bulk read beyond this are refused.
    public static let maximumBulkKeys = 10_000
    /// Reads of a bulk call under way at once when the caller names no number.
    public static let defaultBulkParallelism = 10

    /// Nil when the key is missing.
    public func getState(store name: String, key: String, options: StateReadOptions) async throws -> StateEntry? {
        let binding = try stateBinding(name)
        return try await measuring(binding.calls, .get, under: binding.policy) {
            try await binding.get(key, options)
        } failure: { error in
            RuntimeError(
                .stateGet, "failed getting state with key \(key) from state store \(name): \(describe(error))", resource: name, cause: error
            )
        }
    }

    /// One result per key, in the order of `keys`.
    public func bulkGetState(
        store name: String, keys: [String], options: StateReadOptions, parallelism: Int
    ) async throws -> [StateBulkResult] {
        let binding = try stateBinding(name)
        guard keys.count <= Self.maximumBulkKeys else {
            throw RuntimeError(
                .stateBulkGet, "\(keys.count) keys were asked for at once; at most \(Self.maximumBulkKeys) are allowed",
                resource: name)
        }
        if keys.isEmpty { return [] }
        return try await measuring(binding.calls, .bulkGet, under: binding.policy) {
            try await binding.bulkGet(keys, options, parallelism: parallelism > 0 ? parallelism : Self.defaultBulkParallelism)
        } failure: { error in
            RuntimeError(
                .stateBulkGet, "failed getting state from state store \(name): \(describe(error))", resource: name, cause: error)
        }
    }

    public func saveState(store name: String, writes: [StateWrite]) async throws {
        let binding = try stateBinding(name)
        if writes.isEmpty { return }
        try await measuring(binding.calls, .set, under: binding.policy) {
            if writes.count == 1 {
                try await binding.store.set(binding.prepared(writes[0]))
            } else {
                try await binding.store.bulkSet(writes.map(binding.prepared))
            }
        } failure: { error in
            RuntimeError(.stateSave, saveMessage(error, store: name), resource: name, cause: error)
        }
        changed(binding, writes)
    }

    public func deleteState(store name: String, removal: StateRemoval) async throws {
        let binding = try stateBinding(name)
        try await measuring(binding.calls, .delete, under: binding.policy) {
            try await binding.store.delete(binding.prepared(removal))
        } failure: { error in
            RuntimeError(
                .stateDelete, "failed deleting state with key \(removal.key): \(describe(error))", resource: name, cause: error)
        }
        changed(binding, [removal])
    }

    public func bulkDeleteState(store name: String, removals: [StateRemoval]) async throws {
        let binding = try stateBinding(name)
        if removals.isEmpty { return }
        try await measuring(binding.calls, .bulkDelete, under: binding.policy) {
            try await binding.store.bulkDelete(removals.map(binding.prepared))
        } failure: { error in
            RuntimeError(
                .stateDelete, "failed deleting state in state store \(name): \(describe(error))", resource: name, cause: error)
        }
        changed(binding, removals)
    }

    public func transactState(store name: String, operations: [StateOperation], metadata: [String: String], trace: TraceContext? = nil)
        async throws
    {
        let binding = try stateBinding(name)
        guard binding.store.features.contains(.transactional) else {
            throw RuntimeError(.stateTransactionsUnsupported, "state store \(name) doesn't support transactions", resource: name)
        }
        if operations.isEmpty { return }
        if let limit = binding.store.maximumTransactionOperations, operations.count > limit {
            throw RuntimeError(
                .stateTooManyOperations,
                "the transaction contains \(operations.count) operations, which is more than what the state store supports: \(limit)",
                resource: name)
        }
        let outbox = inForce { $0.outboxes[name] }
        try await measuring(binding.calls, .transaction, under: binding.policy) {
            guard let outbox else {
                return try await binding.store.transact(operations.map(binding.prepared), metadata: metadata)
            }
            try await outbox.transact(operations, trace: trace, prepare: binding.prepared) { prepared in
                try await binding.store.transact(prepared, metadata: metadata)
            }
        } failure: { error in
            RuntimeError(
                .stateTransaction, "error while executing state transaction: \(describe(error))", resource: name, cause: error)
        }
        changed(binding, operations)
    }

    /// Only keys of this app are seen, where Dapr lets a query see every app's.
    public func queryState(store name: String, query: StateQuery, metadata: [String: String]) async throws -> StateQueryPage {
        let binding = try stateBinding(name)
        guard binding.store.features.contains(.query) else {
            throw RuntimeError(.stateQueryUnsupported, "state store \(name) doesn't support querying", resource: name)
        }
        guard binding.encryption == nil else {
            throw RuntimeError(.stateQueryUnsupported, "state store \(name) is encrypted and can't be queried", resource: name)
        }
        var query = query
        query.keyPrefix = binding.prefix.text
        return try await measuring(binding.calls, .query, under: binding.policy) { [query] in
            var page = try await binding.store.query(query, metadata: metadata)
            page.results = page.results.map { (binding.prefix.strip(from: $0.key), $0.entry) }
            return page
        } failure: { error in
            RuntimeError(.stateQuery, "failed query in state store \(name): \(describe(error))", resource: name, cause: error)
        }
    }

    // MARK: -

    private func stateBinding(_ name: String) throws -> StateBinding {
        if let binding = inForce({ $0.stateStores[name] }) { return binding }
        let snapshot = snapshot
        guard snapshot.isLoaded else { throw RuntimeError.starting }
        if snapshot.stateStores.isEmpty {
            throw RuntimeError(.stateStoresNotConfigured, "state store is not configured", resource: name)
        }
        throw RuntimeError(.stateStoreNotFound, "state store \(name) is not found", resource: name)
    }
}

/// A failure in words for people.
func describe(_ error: any Error) -> String {
    switch error {
    case let error as CapabilityError: error.message
    case let error as RuntimeError: error.message
    default: "\(error)"
    }
}

private func saveMessage(_ error: any Error, store: String) -> String {
    switch (error as? CapabilityError)?.code {
    case .etagMismatch:
        "failed saving state in state store \(store): possible etag mismatch. error from state store: \(describe(error))"
    case .etagInvalid: "failed saving state in state store \(store): invalid etag value: \(describe(error))"
    default: "failed saving state in state store \(store): \(describe(error))"
    }
}
