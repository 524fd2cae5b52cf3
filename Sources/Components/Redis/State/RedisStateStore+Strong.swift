import MechaCore
import NIOCore

/// Strong consistency: a write counts only when every replica that is attached has it (`WAIT`).
///
/// These calls have a connection of their own, because the server answers nothing else on a
/// connection that waits.
extension RedisStateStore {
    /// How long replicas may take. The write itself has happened by then in any case.
    static let replicaTimeoutMilliseconds = 1_000

    /// Like `client.run`, and waits for the replicas.
    func runConfirmed(
        _ script: RedisScript, key: String, keys: Int = 1, arguments: Int, _ encode: (inout RESPWriter) -> Void
    ) async throws -> RedisReplies {
        // Whole: an unknown digest would cost another round trip and the order of write and WAIT.
        try await confirmed(key: key) { writer in
            writer.begin(script, whole: true, keys: keys, arguments: arguments)
            encode(&writer)
        }
    }

    /// Sends one writing command and waits for the replicas. Answers the reply to the command.
    func confirmed(key: String, _ encode: (inout RESPWriter) -> Void) async throws -> RedisReplies {
        let replicas = try await attachedReplicas(key: key)
        guard replicas > 0 else { return try await client.call(key: key, lane: .blocking, encode) }
        let replies = try await client.call(
            key: key, lane: .blocking, replies: 2,
            timeout: client.configuration.readTimeout + .milliseconds(Int64(Self.replicaTimeoutMilliseconds))
        ) { writer in
            encode(&writer)
            writer.command("WAIT", String(replicas), String(Self.replicaTimeoutMilliseconds))
        }
        let values = try client.values(replies)
        let confirmations = values[1].integerValue ?? 0
        guard confirmations >= replicas else {
            throw CapabilityError(
                .timeout,
                "the write happened, but only \(confirmations) of \(replicas) replicas confirmed it within \(Self.replicaTimeoutMilliseconds) ms"
            )
        }
        return RedisReplies(replies.bytes, containsError: false)
    }

    private func attachedReplicas(key: String) async throws -> Int {
        let replies = try await client.call(key: key, lane: .blocking) { $0.command("ROLE") }
        guard let role = try client.values(replies)[0].elements, role.count >= 3, let replicas = role[2].elements else { return 0 }
        return replicas.count
    }
}
