import MechaCore

/// The executable form of the ``SecretStore`` contract (section 8.3 of the Dapr surface).
public struct SecretStoreConformance: Sendable {
    private let store: any SecretStore
    private let expected: [String: [String: String]]
    private let missingReadsAsEmpty: Bool

    /// - Parameters:
    ///   - expected: secrets that the backend holds; it may hold others too.
    ///   - missingReadsAsEmpty: whether a name that the backend lacks reads as empty text, as
    ///     environment variables do, and not as an error.
    public init(_ store: any SecretStore, expected: [String: [String: String]], missingReadsAsEmpty: Bool = false) {
        self.store = store
        self.expected = expected
        self.missingReadsAsEmpty = missingReadsAsEmpty
    }

    private struct Case: Sendable {
        var name: String
        var body: @Sendable (SecretStoreConformance) async throws -> Void
    }

    private static let cases: [Case] = [
        Case(name: "every secret reads as it was stored") { suite in
            for (name, values) in suite.expected {
                try checkEqual(try await suite.store.secret(name, metadata: [:]), values, "the secret \"\(name)\"")
            }
        },
        Case(name: "a read of all secrets holds every secret") { suite in
            let all = try await suite.store.allSecrets(metadata: [:])
            for (name, values) in suite.expected { try checkEqual(all[name], values, "the secret \"\(name)\"") }
        },
        Case(name: "a name that is not there is no secret") { suite in
            for name in ["no-such-secret", "", "../etc/passwd"] {
                if suite.missingReadsAsEmpty {
                    try checkEqual(try await suite.store.secret(name, metadata: [:]), [name: ""], "the secret \"\(name)\"")
                } else {
                    try await suite.expectFailure(.notFound, name)
                }
            }
        },
        Case(name: "many reads at once all succeed") { suite in
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask {
                        for (name, values) in suite.expected {
                            try checkEqual(try await suite.store.secret(name, metadata: [:]), values, "the secret \"\(name)\"")
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
        Case(name: "a closed store says so") { suite in
            await suite.store.close()
            try checkEqual(suite.store.status.phase, .closed, "the status")
            for name in suite.expected.keys { try await suite.expectFailure(.closed, name) }
        },
    ]

    /// Runs every case, the last of which closes the store, and answers what failed.
    public func failures() async -> [ConformanceFailure] {
        var failures: [ConformanceFailure] = []
        for testCase in Self.cases {
            do {
                try await testCase.body(self)
            } catch let mismatch as Mismatch {
                failures.append(ConformanceFailure(testCase.name, mismatch.problem))
            } catch {
                failures.append(ConformanceFailure(testCase.name, "threw: \(error)"))
            }
        }
        return failures
    }

    private func expectFailure(_ code: CapabilityError.Code, _ name: String) async throws {
        do {
            _ = try await store.secret(name, metadata: [:])
        } catch let error as CapabilityError {
            return try checkEqual(error.code, code, "the code of the error for \"\(name)\"")
        }
        throw Mismatch(problem: "\"\(name)\" was answered")
    }
}
