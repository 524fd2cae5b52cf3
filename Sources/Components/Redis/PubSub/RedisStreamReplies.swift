import NIOCore

/// Reads the replies of the stream commands.
enum RedisStreamReplies {
    /// The entries of one stream that `XREADGROUP` brought: a map (RESP3) or an array of pairs (RESP2) from
    /// stream to entries; null when the time to block is over.
    static func read(_ replies: RedisReplies) throws(RESPError) -> [RedisStreamEntry] {
        guard let streams = try replies.values().first?.elements, !streams.isEmpty else { return [] }
        // RESP2: [[name, entries]]; RESP3: name, entries.
        let entries = streams.count == 1 ? streams[0].elements?.last : streams[1]
        guard let entries = entries?.elements else { throw RESPError(.unexpectedType) }
        var found: [RedisStreamEntry] = []
        found.reserveCapacity(entries.count)
        for entry in entries {
            if let entry = try RedisStreamEntry(entry, attempt: 1) { found.append(entry) }
        }
        return found
    }

    /// What `XPENDING` says of an entry that is delivered and not acknowledged.
    struct Pending: Equatable {
        var id: RedisStreamID
        var idleMilliseconds: Int64
        var deliveries: Int
    }

    static func pending(_ replies: RedisReplies) throws(RESPError) -> [Pending] {
        guard let items = try replies.values().first?.elements else { throw RESPError(.unexpectedType) }
        var found: [Pending] = []
        for item in items {
            guard let parts = item.elements, parts.count >= 4, case .string(let id) = parts[0], let id = RedisStreamID(id),
                let idle = parts[2].integerValue, let deliveries = parts[3].integerValue
            else { throw RESPError(.unexpectedType) }
            found.append(Pending(id: id, idleMilliseconds: idle, deliveries: Int(clamping: deliveries)))
        }
        return found
    }

    /// What `XCLAIM` gave; entries that are gone from the stream come as nulls before Redis 7.
    static func claimed(_ replies: RedisReplies, deliveries: [RedisStreamID: Int]) throws(RESPError) -> [RedisStreamEntry] {
        guard let items = try replies.values().first?.elements else { throw RESPError(.unexpectedType) }
        var found: [RedisStreamEntry] = []
        for item in items {
            guard var entry = try RedisStreamEntry(item, attempt: 1) else { continue }
            entry.attempt = (deliveries[entry.id] ?? 0) + 1
            found.append(entry)
        }
        return found
    }
}
