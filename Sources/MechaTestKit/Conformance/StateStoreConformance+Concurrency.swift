import MechaCore
import NIOCore

extension StateStoreConformance {
    static let concurrencyCases: [Case] = [
        Case("of many first writes at once exactly one wins", needs: .etag) { suite, keys in
            let winners = try await suite.race(32) { index in
                try await suite.put(keys["k"], "\(index)", .firstWrite)
            }
            try checkEqual(winners.count, 1, "winners")
            try await suite.expect(keys["k"], "\(winners.first ?? -1)", "the value of the winner")
        },
        Case("of many writes with one etag exactly one wins", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "start")
            let etag = try await suite.etag(keys["k"])
            let winners = try await suite.race(32) { index in
                try await suite.put(keys["k"], "\(index)", etag: etag, .firstWrite)
            }
            try checkEqual(winners.count, 1, "winners")
            try await suite.expect(keys["k"], "\(winners.first ?? -1)", "the value of the winner")
        },
        Case("a counter raised by compare and set loses nothing", needs: .etag) { suite, keys in
            try await suite.put(keys["k"], "0")
            _ = try await suite.race(8) { _ in
                while true {
                    guard let entry = try await suite.entry(keys["k"]), let count = Int(String(buffer: entry.value)) else {
                        throw Mismatch(problem: "the counter vanished")
                    }
                    do {
                        return try await suite.put(keys["k"], "\(count + 1)", etag: entry.etag, .firstWrite)
                    } catch let error as CapabilityError where error.code == .etagMismatch {
                        continue
                    }
                }
            }
            try await suite.expect(keys["k"], "8", "the counter")
        },
        Case("of many transactions on one etag exactly one wins, whole", needs: [.etag, .transactional]) { suite, keys in
            try await suite.put(keys["guard"], "start")
            let etag = try await suite.etag(keys["guard"])
            let winners = try await suite.race(16) { index in
                try await suite.store.transact(
                    [.upsert(write(keys["payload"], "\(index)")), .upsert(write(keys["guard"], "\(index)", etag: etag))], metadata: [:])
            }
            try checkEqual(winners.count, 1, "winners")
            try await suite.expect(keys["payload"], "\(winners.first ?? -1)", "the payload of the winner")
        },
        Case("many writes at once all arrive") { suite, keys in
            let done = try await suite.race(200) { index in try await suite.put(keys["\(index)"], "value \(index)") }
            try checkEqual(done.count, 200, "writes that succeeded")
            for index in 0..<200 { try await suite.expect(keys["\(index)"], "value \(index)") }
        },
    ]

    /// Runs `body` so many times at once and answers which of them were not refused for an etag.
    private func race(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws -> [Int] {
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for index in 0..<count {
                group.addTask {
                    do {
                        try await body(index)
                        return index
                    } catch let error as CapabilityError where error.code == .etagMismatch {
                        return nil
                    }
                }
            }
            return try await group.reduce(into: []) { winners, index in if let index { winners.append(index) } }
        }
    }
}
