import NIOCore
import Synchronization

/// The instances that all functions of a process may have together. Who finds none free takes one that stands idle
/// somewhere; only when all are at work do calls wait.
final class InstanceSlots: Sendable {
    private let gate: CallGate
    private let limit: Int
    private let functions = Mutex<[ObjectIdentifier: Entry]>([:])

    private struct Entry {
        weak var function: WasmFunction?
    }

    init(limit: Int, waitingAtMost: Int) {
        self.limit = limit
        gate = CallGate(limit: limit, waitingAtMost: waitingAtMost)
    }

    func add(_ function: WasmFunction) { functions.withLock { $0[ObjectIdentifier(function)] = Entry(function: function) } }

    func remove(_ function: WasmFunction) { functions.withLock { $0[ObjectIdentifier(function)] = nil } }

    /// Waits for the right to have an instance.
    func take(until deadline: NIODeadline) async throws(FunctionError) -> InstanceSlot {
        if gate.load >= limit { dropIdleInstance() }
        try await gate.enter(until: deadline)
        return InstanceSlot(self)
    }

    func giveBack() { gate.leave() }

    /// Calls wait for an instance, so none may be kept idle.
    var isContended: Bool { gate.load > limit }

    private func dropIdleInstance() {
        let all = functions.withLock { $0.values.compactMap(\.function) }
        for function in all where function.dropIdleInstance() { return }
    }
}
