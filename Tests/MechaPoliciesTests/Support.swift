import Foundation
import MechaCore
import MechaManifest
import MechaTelemetry
import MechaTestKit
import Synchronization

@testable import MechaPolicies

/// The Resiliency resources that `yaml` declares below `spec`.
func resiliency(_ spec: String, name: String = "rules") throws -> [ResiliencyResource] {
    let indented = spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
    let folder = try TemporaryDirectory()
    let path = folder.path + "/resiliency.yaml"
    try "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata:\n  name: \(name)\nspec:\n\(indented)\n"
        .write(toFile: path, atomically: true, encoding: .utf8)
    let report = ManifestLoader(environment: [:]).load(paths: [path])
    guard report.errors.isEmpty else { throw Problems(lines: report.errors.map(\.description)) }
    return report.resources.resiliencies
}

struct Problems: Error { var lines: [String] }

/// Counts calls from several tasks.
final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    @discardableResult func add() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

struct Refused: Error {}

/// Runs `body` while time is let pass whenever somebody waits for it.
func withTime<Value: Sendable>(_ clock: ManualClock, step: Duration, _ body: @escaping @Sendable () async throws -> Value) async throws
    -> Value
{
    let mover = Task {
        while !Task.isCancelled {
            if clock.sleeperCount > 0 { clock.advance(by: step) }
            await Task.yield()
        }
    }
    defer { mover.cancel() }
    return try await body()
}
