import MechaCore

/// Many keys at once. Against a single server all of a round go out in one write; in a cluster, where
/// keys lie on different servers, each is a call of its own.
extension RedisStateStore {
    public func bulkGet(_ keys: [String], _ options: StateReadOptions, parallelism: Int) async throws -> [StateBulkResult] {
        var results: [StateBulkResult] = []
        results.reserveCapacity(keys.count)
        for round in rounds(keys) {
            results += client.isCluster ? await getEach(round, options) : try await getTogether(round)
        }
        return results
    }

    public func bulkSet(_ writes: [StateWrite]) async throws {
        var firstFailure: (any Error)?
        for round in rounds(writes) {
            do {
                if client.isCluster || round.contains(where: { $0.consistency == .strong }) {
                    try await doEach(round) { try await self.set($0) }
                } else {
                    try await setTogether(round)
                }
            } catch {
                firstFailure = firstFailure ?? error
            }
        }
        if let firstFailure { throw firstFailure }
    }

    public func bulkDelete(_ removals: [StateRemoval]) async throws {
        var firstFailure: (any Error)?
        for round in rounds(removals) {
            do {
                try await doEach(round) { try await self.delete($0) }
            } catch {
                firstFailure = firstFailure ?? error
            }
        }
        if let firstFailure { throw firstFailure }
    }

    private func rounds<Item>(_ items: [Item]) -> [ArraySlice<Item>] {
        let size = client.configuration.limits.keysPerRound
        return stride(from: 0, to: items.count, by: size).map { items[$0..<min($0 + size, items.count)] }
    }

    // MARK: - One server

    private func getTogether(_ keys: ArraySlice<String>) async throws -> [StateBulkResult] {
        let replies = try await client.call(key: nil, replies: keys.count * RedisStateRead.replies) { writer in
            for key in keys { RedisStateRead.encode(key, &writer) }
        }
        var outcomes: [RedisStateRead.Outcome] = []
        do throws(RESPError) {
            var reader = replies.reader
            for _ in keys { outcomes.append(try RedisStateRead.decode(&reader, clock)) }
        } catch {
            throw CapabilityError(redis: error)
        }
        var results: [StateBulkResult] = []
        for (key, outcome) in zip(keys, outcomes) {
            switch outcome {
            case .success(let entry): results.append(StateBulkResult(key: key, .success(entry)))
            case .failure(let error): results.append(StateBulkResult(key: key, await result { try await getForeign(key, after: error) }))
            }
        }
        return results
    }

    private func setTogether(_ writes: ArraySlice<StateWrite>) async throws {
        var firstFailure: CapabilityError?
        var steps: [(key: String, plan: RedisStatePlan)] = []
        for write in writes {
            do throws(CapabilityError) {
                steps.append((write.key, try RedisStatePlan(write, defaultTTLInSeconds: defaultTTLInSeconds)))
            } catch {
                firstFailure = firstFailure ?? error
            }
        }
        if !steps.isEmpty {
            let replies = try await client.call(key: nil, replies: steps.count) { writer in
                for (index, step) in steps.enumerated() {
                    // The first carries the script whole, so that the server knows it when the others come.
                    writer.begin(RedisStateScripts.set, whole: index == 0, keys: 1, arguments: 4)
                    step.plan.encode(step.key, &writer)
                }
            }
            for (step, value) in zip(steps, try client.values(replies)) where value == .integer(0) {
                firstFailure = firstFailure ?? step.plan.refusal
            }
        }
        if let firstFailure { throw firstFailure }
    }

    // MARK: - Cluster

    private func getEach(_ keys: ArraySlice<String>, _ options: StateReadOptions) async -> [StateBulkResult] {
        await withTaskGroup(of: (Int, StateBulkResult).self) { group in
            for (index, key) in keys.enumerated() {
                group.addTask { (index, StateBulkResult(key: key, await self.result { try await self.get(key, options) })) }
            }
            var results: [(Int, StateBulkResult)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Does all, at once, and throws the failure of the first that failed.
    private func doEach<Item: Sendable>(_ items: ArraySlice<Item>, _ body: @escaping @Sendable (Item) async throws -> Void) async throws {
        let failures = await withTaskGroup(of: (Int, (any Error)?).self) { group in
            for (index, item) in items.enumerated() {
                group.addTask {
                    do {
                        try await body(item)
                        return (index, nil)
                    } catch {
                        return (index, error)
                    }
                }
            }
            var failures: [(Int, any Error)] = []
            for await case (let index, let error?) in group { failures.append((index, error)) }
            return failures
        }
        if let first = failures.min(by: { $0.0 < $1.0 }) { throw first.1 }
    }

    private func result(_ body: () async throws -> StateEntry?) async -> Result<StateEntry?, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
