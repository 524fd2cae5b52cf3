import MechaCore
import NIOCore

extension StateStoreConformance {
    // One case waits for all expiries, since against a real server the waiting is real.
    static let ttlCases: [Case] = [
        Case("an entry with a time to live reports its end", needs: .ttl) { suite, keys in
            try await suite.put(keys["k"], "value", ttl: 3600)
            try await suite.put(keys["forever"], "value")
            try check(try await suite.entry(keys["k"])?.expiresAt != nil, "no expiry is reported")
            try check(try await suite.entry(keys["forever"])?.expiresAt == nil, "an expiry is reported for an entry without one")
            let bulk = try await suite.store.bulkGet([keys["k"]], StateReadOptions(), parallelism: 1)
            try check(try bulk.first?.outcome.get()?.expiresAt != nil, "a bulk read reports no expiry")
        },
        Case("a write without a time to live, or with 0 or -1, clears an earlier one", needs: .ttl) { suite, keys in
            for (name, ttl) in [("nil", nil), ("zero", 0), ("minus one", -1)] {
                try await suite.put(keys[name], "one", ttl: 3600)
                try await suite.put(keys[name], "two", ttl: ttl)
                try check(try await suite.entry(keys[name])?.expiresAt == nil, "an expiry is left after a write with \(name)")
            }
        },
        Case("an entry is gone when its time is over, for every operation", needs: [.ttl, .etag]) { suite, keys in
            let short = ["read", "bulk", "first-write", "etag-write", "etag-delete", "listed"]
            for name in short { try await suite.put(keys[name], "one", ttl: 1) }
            for (name, ttl) in [("longer", 3600), ("minus one", -1)] { try await suite.put(keys[name], "one", ttl: ttl) }
            try await suite.put(keys["cleared"], "one", ttl: 1)
            try await suite.put(keys["cleared"], "two")
            let etag = try await suite.etag(keys["etag-write"])
            let etagToDelete = try await suite.etag(keys["etag-delete"])

            try await suite.letPass(.seconds(1))

            try await suite.expect(keys["read"], nil, "an expired value")
            let bulk = try await suite.store.bulkGet([keys["bulk"], keys["longer"]], StateReadOptions(), parallelism: 2)
            try checkEqual(try bulk.map { try $0.outcome.get() != nil }, [false, true], "what a bulk read finds")
            try await suite.put(keys["first-write"], "two", .firstWrite)
            try await suite.expect(keys["first-write"], "two")
            try await suite.expectRefusal(.etagMismatch, "a write with the etag of an expired entry") {
                try await suite.put(keys["etag-write"], "two", etag: etag)
            }
            try await suite.expectRefusal(.etagMismatch, "a removal with the etag of an expired entry") {
                try await suite.remove(keys["etag-delete"], etag: etagToDelete)
            }
            for name in ["longer", "minus one"] { try await suite.expect(keys[name], "one", "the entry \"\(name)\"") }
            try await suite.expect(keys["cleared"], "two", "an entry whose limit was cleared")
            if suite.store.features.contains(.keysLike) {
                let listed = try await suite.store.keys(withPrefix: keys[""], after: nil, limit: 100)
                try checkEqual(listed, ["cleared", "first-write", "longer", "minus one"].map { keys[$0] }, "the keys listed")
            }
        },
        Case("a time to live that is no number from -1 up is refused", needs: .ttl) { suite, _ in
            for text in ["soon", "-2", "1.5", "99999999999"] {
                try await suite.expectRefusal(.invalidArgument, "a time to live of \"\(text)\"") {
                    _ = try StateTTL.parse(["ttlInSeconds": text])
                }
            }
        },
    ]
}
