import MechaCore
import MechaTestKit
import Testing

@testable import MechaRedis

/// A cluster of real servers, its slots spread evenly over the nodes.
struct RedisClusterFixture {
    private(set) var nodes: [RedisServer] = []

    init(nodes count: Int, replicas: Int = 0) async throws {
        for _ in 0..<count + replicas { nodes.append(try await Self.node()) }
        for node in nodes.dropFirst() { try await meet(node) }
        let size = RedisSlot.count / count
        for (index, node) in nodes.prefix(count).enumerated() {
            let last = index == count - 1 ? RedisSlot.count - 1 : (index + 1) * size - 1
            _ = try await node.cli("CLUSTER", "ADDSLOTSRANGE", "\(index * size)", "\(last)")
        }
        for node in nodes {
            try await node.process.waitUntil("sees the whole cluster") {
                let info = try await node.cli("CLUSTER", "INFO").joined()
                return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:\(count + replicas)")
            }
        }
        for (index, replica) in nodes.dropFirst(count).enumerated() {
            let master = try await nodes[index].cli("CLUSTER", "MYID")[0]
            try await replica.process.waitUntil("replicates") { try await replica.cli("CLUSTER", "REPLICATE", master) == ["OK"] }
            try await replica.process.waitUntil("is in sync") {
                try await replica.cli("INFO", "replication").contains { $0.contains("master_link_status:up") }
            }
        }
        // Only a replica that the others know of is voted for when its master dies.
        for node in nodes where replicas > 0 {
            try await node.process.waitUntil("knows the replicas") {
                try await node.cli("CLUSTER", "NODES").count { $0.contains("slave") } == replicas
            }
        }
    }

    private static func node() async throws -> RedisServer {
        try await RedisServer(options: [
            "--cluster-enabled", "yes", "--cluster-port", "\(try LoopbackPort.free())", "--cluster-node-timeout", "500",
            "--repl-diskless-sync-delay", "0",
        ])
    }

    private func meet(_ node: RedisServer) async throws {
        let bus = try await node.cli("CONFIG", "GET", "cluster-port")[1]
        _ = try await nodes[0].cli("CLUSTER", "MEET", "127.0.0.1", "\(node.port)", bus)
    }

    func withStore<Result>(_ metadata: [String: String] = [:], _ body: (RedisStateStore) async throws -> Result) async throws -> Result {
        let hosts = nodes.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let defaults = ["redisHost": hosts, "redisType": "cluster", "redisMaxRetryInterval": "50ms"]
        return try await withRedisStore(defaults.merging(metadata) { $1 }, body)
    }
}

/// A store whose transactions the conformance suite leaves out.
final class WithoutTransactions: StateStore {
    private let store: RedisStateStore

    init(_ store: RedisStateStore) { self.store = store }

    var features: StateFeatures { store.features.subtracting(.transactional) }
    var status: ComponentStatus { store.status }
    func start() async throws { try await store.start() }
    func close() async { await store.close() }
    func get(_ key: String, _ options: StateReadOptions) async throws -> StateEntry? { try await store.get(key, options) }
    func set(_ write: StateWrite) async throws { try await store.set(write) }
    func delete(_ removal: StateRemoval) async throws { try await store.delete(removal) }
    func bulkSet(_ writes: [StateWrite]) async throws { try await store.bulkSet(writes) }
    func bulkDelete(_ removals: [StateRemoval]) async throws { try await store.bulkDelete(removals) }
    func deleteAll(withPrefix prefix: String) async throws -> Int { try await store.deleteAll(withPrefix: prefix) }

    func bulkGet(_ keys: [String], _ options: StateReadOptions, parallelism: Int) async throws -> [StateBulkResult] {
        try await store.bulkGet(keys, options, parallelism: parallelism)
    }

    func keys(withPrefix prefix: String, after cursor: String?, limit: Int) async throws -> [String] {
        try await store.keys(withPrefix: prefix, after: cursor, limit: limit)
    }
}
