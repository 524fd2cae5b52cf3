import Logging
import MechaCore
import MechaSQLite
import MechaTestKit
import NIOPosix

/// Where components of a test live.
func environment(
    _ directory: TemporaryDirectory, name: String = "statestore", clock: any MechaClock = SystemClock()
) -> ComponentEnvironment {
    ComponentEnvironment(
        name: name, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        clock: clock, dataDirectory: directory.path, appID: "app", workingDirectory: directory.path)
}

/// Runs `body` with a started SQLite store in a folder of its own.
func withSQLiteStore(
    _ metadata: [String: String] = [:], _ body: (SQLiteStateStore, ManualClock) async throws -> Void
) async throws {
    let directory = try TemporaryDirectory()
    let clock = ManualClock()
    let store = try SQLiteStateStore(metadata: ComponentMetadata(metadata), environment: environment(directory, clock: clock))
    try await store.start()
    do {
        try await body(store, clock)
    } catch {
        await store.close()
        throw error
    }
    await store.close()
}
