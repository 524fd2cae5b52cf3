import Synchronization

/// Counts what calls of one revision do while it is released. Latencies fall into classes that grow by a tenth.
final class ReleaseMeter: Sendable {
    /// From 0.1 ms to over an hour.
    private static let classes = 190
    private static let firstNanoseconds = 100_000.0
    private static let growth = 1.1

    private struct State {
        var calls = 0
        var failures = 0
        var counts = [UInt32](repeating: 0, count: ReleaseMeter.classes)
    }

    let revision: Int
    private let state = Mutex(State())

    init(revision: Int) { self.revision = revision }

    func add(nanoseconds: UInt64, failed: Bool) {
        var index = 0
        var bound = Self.firstNanoseconds
        while Double(nanoseconds) > bound, index < Self.classes - 1 {
            bound *= Self.growth
            index += 1
        }
        state.withLock { state in
            state.calls += 1
            if failed { state.failures += 1 }
            state.counts[index] &+= 1
        }
    }

    /// The upper bound of the class in which the 99th of 100 calls lies.
    var window: Release.Window {
        state.withLock { state in
            var left = (state.calls * 99 + 99) / 100
            var bound = Self.firstNanoseconds
            for count in state.counts {
                left -= Int(count)
                if left <= 0 { break }
                bound *= Self.growth
            }
            return Release.Window(
                calls: state.calls, failures: state.failures, p99Milliseconds: state.calls == 0 ? 0 : bound / 1_000_000)
        }
    }

    func reset() { state.withLock { $0 = State() } }
}
