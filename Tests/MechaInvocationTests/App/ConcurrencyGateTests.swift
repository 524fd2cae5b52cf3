import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import MechaInvocation

@Suite(.timeLimit(.minutes(1))) struct ConcurrencyGateTests {
    @Test func `calls beyond the limit wait in order, and beyond the queue are refused`() {
        var state = ConcurrencyGateState<String>(limit: 2, waitingAtMost: 2)
        #expect(state.enter("a") == .admitted)
        #expect(state.enter("b") == .admitted)
        #expect(state.enter("c") == .queued(0))
        #expect(state.enter("d") == .queued(1))
        #expect(state.enter("e") == .rejected)
        #expect(state.leave() == "c")
        #expect(state.enter("f") == .queued(2))
        #expect(state.leave() == "d")
        #expect(state.leave() == "f")
        #expect(state.leave() == nil)
        #expect(state.running == 1)
    }

    @Test func `who gives up leaves his place to the next, and nobody is taken out twice`() {
        var state = ConcurrencyGateState<String>(limit: 1, waitingAtMost: 2)
        _ = state.enter("a")
        _ = state.enter("b")
        _ = state.enter("c")
        #expect(state.cancel(0) == "b")
        #expect(state.cancel(0) == nil)
        #expect(state.enter("d") == .queued(2))
        #expect(state.leave() == "c")
        #expect(state.cancel(1) == nil)
        #expect(state.leave() == "d")
        #expect(state.leave() == nil)
        #expect(state.running == 0)
    }

    /// How many are inside now, and were at most.
    private final class Occupancy: Sendable {
        private let counts = Mutex((now: 0, most: 0))

        func enter() { counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { counts.withLock { $0.now -= 1 } }
        var now: Int { counts.withLock { $0.now } }
        var most: Int { counts.withLock { $0.most } }
    }

    @Test func `never more than the limit are inside, whoever cancels when`() async {
        let gate = ConcurrencyGate(limit: 3, waitingAtMost: 10_000)
        let inside = Occupancy()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<300 {
                group.addTask {
                    let call = Task {
                        guard (try? await gate.enter()) != nil else { return }
                        inside.enter()
                        await Task.yield()
                        inside.leave()
                        gate.leave()
                    }
                    if index % 3 == 0 { call.cancel() }
                    await call.value
                }
            }
        }
        #expect(inside.now == 0)
        #expect(inside.most <= 3)
        #expect(inside.most > 0)
        // All places are free again.
        for _ in 0..<3 { #expect((try? await gate.enter()) != nil) }
    }
}
