import MechaCore

/// Listing and deleting by prefix, by `SCAN` over every server that holds keys.
extension RedisStateStore {
    /// Keys looked at per `SCAN`; the server answers nothing else meanwhile.
    private static let keysPerScan = "1000"

    public func keys(withPrefix prefix: String, after cursor: String?, limit: Int) async throws -> [String] {
        guard limit > 0 else { return [] }
        var found = RedisLeastKeys(limit: limit)
        try await scan(prefix) { _, keys in
            for key in keys where cursor.map({ UTF8Order.isLess($0, key) }) ?? true { found.insert(key) }
        }
        return found.keys
    }

    public func deleteAll(withPrefix prefix: String) async throws -> Int {
        var count = 0
        try await scan(prefix) { _, keys in
            for key in keys {
                let value = try await self.client.command(["UNLINK", key], key: key)
                count += Int(value.integerValue ?? 0)
            }
        }
        return count
    }

    /// Calls `visit` with keys as they are found; one may come more than once.
    private func scan(_ prefix: String, _ visit: (RedisTarget, [String]) async throws -> Void) async throws {
        let pattern = RedisGlob.escape(prefix) + "*"
        for server in try await client.keyHolders() {
            var cursor = "0"
            repeat {
                let value = try await client.command(["SCAN", cursor, "MATCH", pattern, "COUNT", Self.keysPerScan], at: server)
                guard let parts = value.elements, parts.count == 2, let next = parts[0].text, let keys = parts[1].elements else {
                    throw CapabilityError(redis: RESPError(.unexpectedType))
                }
                if !keys.isEmpty { try await visit(server, keys.compactMap(\.text)) }
                cursor = next
            } while cursor != "0"
        }
    }
}
