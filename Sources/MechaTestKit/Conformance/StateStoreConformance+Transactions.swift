import MechaCore
import NIOCore

extension StateStoreConformance {
    static let transactionCases: [Case] = [
        Case("a transaction does all that it holds", needs: .transactional) { suite, keys in
            try await suite.put(keys["old"], "old")
            try await suite.store.transact(
                [
                    .upsert(write(keys["a"], "1")), .upsert(write(keys["b"], "2")), .delete(StateRemoval(key: keys["old"])),
                    .delete(StateRemoval(key: keys["missing"])),
                ], metadata: [:])
            try await suite.expect(keys["a"], "1")
            try await suite.expect(keys["b"], "2")
            try await suite.expect(keys["old"], nil)
        },
        Case("an empty transaction succeeds", needs: .transactional) { suite, _ in
            try await suite.store.transact([], metadata: [:])
        },
        Case("operations of a transaction happen in their order", needs: .transactional) { suite, keys in
            try await suite.store.transact(
                [
                    .upsert(write(keys["a"], "1")), .delete(StateRemoval(key: keys["a"])), .upsert(write(keys["a"], "2")),
                    .upsert(write(keys["b"], "1")), .upsert(write(keys["b"], "2")), .delete(StateRemoval(key: keys["b"])),
                ], metadata: [:])
            try await suite.expect(keys["a"], "2")
            try await suite.expect(keys["b"], nil)
        },
        Case("a refused operation undoes the whole transaction", needs: [.transactional, .etag]) { suite, keys in
            try await suite.put(keys["a"], "old")
            try await suite.put(keys["b"], "old")
            try await suite.put(keys["c"], "old")
            let stale = try await suite.etag(keys["b"])
            try await suite.put(keys["b"], "newer")
            let etagOfA = try await suite.etag(keys["a"])
            let refused: [[StateOperation]] = [
                [.upsert(write(keys["a"], "new")), .delete(StateRemoval(key: keys["c"])), .upsert(write(keys["b"], "new", etag: stale))],
                [
                    .upsert(write(keys["a"], "new")), .delete(StateRemoval(key: keys["c"])),
                    .delete(StateRemoval(key: keys["b"], etag: stale)),
                ],
                [.upsert(write(keys["a"], "new")), .delete(StateRemoval(key: keys["c"])), .upsert(write(keys["b"], "new", .firstWrite))],
                [.upsert(write(keys["b"], "new", etag: stale)), .upsert(write(keys["a"], "new")), .delete(StateRemoval(key: keys["c"]))],
            ]
            for (index, operations) in refused.enumerated() {
                try await suite.expectRefusal(.etagMismatch, "transaction \(index)") {
                    try await suite.store.transact(operations, metadata: [:])
                }
                try await suite.expect(keys["a"], "old", "the first key after transaction \(index)")
                try await suite.expect(keys["b"], "newer", "the second key after transaction \(index)")
                try await suite.expect(keys["c"], "old", "the third key after transaction \(index)")
            }
            try checkEqual(try await suite.etag(keys["a"]), etagOfA, "the etag of an untouched entry")
        },
        Case("right etags and first writes pass inside a transaction", needs: [.transactional, .etag]) { suite, keys in
            try await suite.put(keys["a"], "old")
            try await suite.put(keys["b"], "old")
            try await suite.store.transact(
                [
                    .upsert(write(keys["a"], "new", etag: try await suite.etag(keys["a"]))),
                    .delete(StateRemoval(key: keys["b"], etag: try await suite.etag(keys["b"]))),
                    .upsert(write(keys["c"], "new", .firstWrite)),
                ], metadata: [:])
            try await suite.expect(keys["a"], "new")
            try await suite.expect(keys["b"], nil)
            try await suite.expect(keys["c"], "new")
        },
        Case("a transaction may give entries a time to live", needs: [.transactional, .ttl]) { suite, keys in
            try await suite.store.transact([.upsert(write(keys["k"], "1", ttl: 3600))], metadata: [:])
            try check(try await suite.entry(keys["k"])?.expiresAt != nil, "no expiry is reported")
            try await suite.store.transact([.upsert(write(keys["k"], "2"))], metadata: [:])
            try check(try await suite.entry(keys["k"])?.expiresAt == nil, "the expiry was not cleared")
        },
        Case("a transaction may be as large as the store says", needs: .transactional) { suite, keys in
            let count = min(suite.store.maximumTransactionOperations ?? 500, 500)
            try await suite.store.transact((0..<count).map { .upsert(write(keys["\($0)"], "\($0)")) }, metadata: [:])
            try await suite.expect(keys["0"], "0")
            try await suite.expect(keys["\(count - 1)"], "\(count - 1)")
        },
    ]
}
