import Foundation
import MechaTestKit
import Synchronization
import Testing

@testable import MechaRuntime

@Suite(.timeLimit(.minutes(1))) struct ResourceWatcherTests {
    @Test func `what changes between the first look and the watch is seen`() async throws {
        let folder = try TemporaryDirectory(prefix: "mecha-watcher")
        let path = folder.file("module.wasm")
        try "broken".write(toFile: path, atomically: true, encoding: .utf8)
        let clock = ManualClock()
        let watcher = ResourceWatcher(paths: [path], clock: clock)
        let seen = watcher.look()
        try "mended, after it was read".write(toFile: path, atomically: true, encoding: .utf8)
        let changes = Atomic(0)
        let looks = Atomic(0)
        let task = Task {
            await watcher.run(since: seen) {
                changes.add(1, ordering: .relaxed)
            } idle: {
                looks.add(1, ordering: .relaxed)
            }
        }
        while looks.load(ordering: .relaxed) == 0 {
            clock.advance(by: ResourceWatcher.interval)
            await Task.yield()
        }
        #expect(changes.load(ordering: .relaxed) == 1)
        task.cancel()
        await task.value
    }
}
