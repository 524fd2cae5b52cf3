import MechaCore

extension RedisStateStore {
    public func transact(_ operations: [StateOperation], metadata: [String: String]) async throws {
        guard let first = operations.first else { return }
        try client.requireOneServer(operations.map(\.key))
        var steps: [RedisStateStep] = []
        steps.reserveCapacity(operations.count)
        for operation in operations { steps.append(try RedisStateStep(operation, defaultTTLInSeconds: defaultTTLInSeconds)) }

        let arguments = operations.count * RedisStateScripts.argumentsPerOperation
        func encode(_ writer: inout RESPWriter) {
            for operation in operations { writer.write(operation.key) }
            for step in steps { step.encode(&writer) }
        }
        let replies =
            if operations.contains(where: \.isStrong) {
                try await runConfirmed(RedisStateScripts.transact, key: first.key, keys: operations.count, arguments: arguments, encode)
            } else {
                try await client.run(RedisStateScripts.transact, key: first.key, keys: operations.count, arguments: arguments, encode)
            }
        guard case .integer(let refused)? = try client.values(replies).first else {
            throw CapabilityError(redis: RESPError(.unexpectedType))
        }
        if refused != 0 {
            throw CapabilityError(.etagMismatch, "operation \(refused) of the transaction: the stored etag is another one")
        }
    }
}

/// One operation of a transaction as arguments of ``RedisStateScripts/transact``.
private enum RedisStateStep {
    case set(RedisStatePlan)
    case delete(version: String)

    init(_ operation: StateOperation, defaultTTLInSeconds: Int?) throws(CapabilityError) {
        switch operation {
        case .upsert(let write): self = .set(try RedisStatePlan(write, defaultTTLInSeconds: defaultTTLInSeconds))
        case .delete(let removal): self = .delete(version: try RedisStatePlan.expectation(removal.precondition))
        }
    }

    func encode(_ writer: inout RESPWriter) {
        switch self {
        case .set(let plan):
            writer.write("set")
            plan.encodeArguments(&writer)
        case .delete(let version):
            writer.write("delete")
            writer.write(version)
            for _ in 0..<3 { writer.write("") }
        }
    }
}

extension StateOperation {
    fileprivate var key: String {
        switch self {
        case .upsert(let write): write.key
        case .delete(let removal): removal.key
        }
    }

    fileprivate var isStrong: Bool {
        switch self {
        case .upsert(let write): write.consistency == .strong
        case .delete(let removal): removal.consistency == .strong
        }
    }
}
