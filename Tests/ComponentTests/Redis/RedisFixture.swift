import Logging
import MechaCore
import MechaTestKit
import MechaWire
import NIOPosix
import Testing

@testable import MechaRedis

/// The event loops of all Redis tests.
enum RedisTestLoops {
    static let shared = EventLoops(count: 2)

    /// Runs `body` on a loop, as a request handler would run.
    static func run<Success: Sendable>(
        onLoop index: Int = 0, _ body: @escaping @Sendable () async throws -> Success
    ) async throws -> Success {
        let context = shared.contexts[index]
        let outcome: Result<Success, any Error> = await withCheckedContinuation { continuation in
            context.loop.execute {
                context.run {
                    do {
                        continuation.resume(returning: .success(try await body()))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            }
        }
        return try outcome.get()
    }
}

/// Runs `body` with a started store, made as the runtime makes it: from metadata.
func withRedisStore<Result>(
    _ metadata: [String: String], _ body: (RedisStateStore) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory()
    let environment = ComponentEnvironment(
        name: "statestore", eventLoopGroup: RedisTestLoops.shared.group,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), dataDirectory: directory.path, appID: "app")
    let store = try #require(try RedisStateStore.descriptor.make(ComponentMetadata(metadata), environment) as? RedisStateStore)
    try await store.start()
    do {
        let result = try await body(store)
        await store.close()
        return result
    } catch {
        await store.close()
        throw error
    }
}

func withRedisStore<Result>(
    _ server: RedisServer, _ metadata: [String: String] = [:], _ body: (RedisStateStore) async throws -> Result
) async throws -> Result {
    try await withRedisStore(["redisHost": "127.0.0.1:\(server.port)"].merging(metadata) { $1 }, body)
}

extension RedisServer {
    /// What `redis-cli` prints for a command, line by line.
    func cli(_ arguments: String...) async throws -> [String] {
        let process = try ServerProcess("redis-cli", ["-p", "\(port)"] + arguments)
        _ = try await process.waitForExit()
        return process.output.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init).dropLast()
    }
}

/// Tries `body` until it succeeds, for a backend that needs a moment to recover.
func eventually<Success>(within limit: Duration = .seconds(20), _ body: () async throws -> Success) async throws -> Success {
    let deadline = ContinuousClock.now + limit
    while true {
        do {
            return try await body()
        } catch {
            guard ContinuousClock.now < deadline else { throw error }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
