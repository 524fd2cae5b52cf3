import Testing

@testable import MechaWire

private final class FakeRequest: PoolRequest {
    var isFinished = false
}

@Suite struct PoolStateMachineTests {
    private typealias Machine = PoolStateMachine<Int, FakeRequest>

    private func machine(_ mode: Machine.Mode = .exclusive, connections: Int = 2, idle: Int = 2, waiting: Int = 3) -> Machine {
        Machine(mode: mode, limits: .init(connections: connections, idleConnections: idle, waitingRequests: waiting))
    }

    /// The connection a request starts on, or -(number of dials) - 1 while it waits, or nil when refused.
    private func arrive(_ machine: inout Machine, _ request: FakeRequest = FakeRequest()) -> Int? {
        switch machine.requestArrived(request) {
        case .start(let connection): connection
        case .wait(let dials): -dials - 1
        case .reject: nil
        }
    }

    @Test func `the connection that was used last is used first`() {
        var machine = machine()
        #expect(arrive(&machine) == -2)
        #expect(arrive(&machine) == -2)
        guard case .start = machine.exclusiveConnected(1, at: 0).release, case .start = machine.exclusiveConnected(2, at: 0).release else {
            return #expect(Bool(false), "those who wait get the new connections")
        }
        guard case .park = machine.connectionReleased(1, at: 1), case .park = machine.connectionReleased(2, at: 2) else {
            return #expect(Bool(false), "nobody waits")
        }
        #expect(arrive(&machine) == 2)
        #expect(arrive(&machine) == 1)
    }

    @Test func `no more connections than allowed are dialed, and no more requests than allowed wait`() {
        var machine = machine()
        #expect(arrive(&machine) == -2)
        #expect(arrive(&machine) == -2)
        #expect(arrive(&machine) == -1)
        #expect(machine.isAtConnectionLimit)
        #expect(arrive(&machine) == nil)
    }

    @Test func `those who wait are served in the order they came`() {
        var machine = machine(connections: 1)
        let requests = [FakeRequest(), FakeRequest(), FakeRequest()]
        for request in requests { _ = machine.requestArrived(request) }
        guard case .start(let first) = machine.exclusiveConnected(7, at: 0).release else { return #expect(Bool(false)) }
        #expect(first === requests[0])
        requests[1].isFinished = true
        machine.waitingRequestAbandoned()
        #expect(machine.waitingCount == 1)
        guard case .start(let next) = machine.connectionReleased(7, at: 0) else { return #expect(Bool(false)) }
        #expect(next === requests[2])
    }

    @Test func `a failed dial fails everybody when the origin is not there at all`() {
        var machine = machine()
        for _ in 0..<3 { _ = arrive(&machine) }
        let (failed, dials) = machine.dialFailed()
        #expect(failed.count == 3)
        #expect(dials == 0)
        #expect(!machine.isEmpty)
        _ = machine.dialFailed()
        #expect(machine.isEmpty)
    }

    @Test func `a failed dial fails the first in line when other connections live`() {
        var machine = machine(connections: 2)
        for _ in 0..<3 { _ = arrive(&machine) }
        _ = machine.exclusiveConnected(1, at: 0)
        let (failed, dials) = machine.dialFailed()
        #expect(failed.count == 1)
        #expect(dials == 1)
        #expect(machine.waitingCount == 1)
    }

    @Test func `a connection that ends makes room for a new one`() {
        var machine = machine(connections: 1)
        _ = arrive(&machine)
        _ = arrive(&machine)
        _ = machine.exclusiveConnected(1, at: 0)
        #expect(machine.connectionClosed(1) == 1)
    }

    @Test func `a retry goes first and gets a connection of its own`() {
        var machine = machine(connections: 2, idle: 2)
        _ = arrive(&machine)
        _ = machine.exclusiveConnected(1, at: 0)
        let retried = FakeRequest()
        guard case .wait(1) = machine.retryArrived(retried) else { return #expect(Bool(false)) }
        _ = arrive(&machine)
        guard case .start(let first) = machine.exclusiveConnected(2, at: 0).release else { return #expect(Bool(false)) }
        #expect(first === retried)
    }

    @Test func `idle connections beyond the limit are closed, and the oldest grow stale first`() {
        var machine = machine(connections: 3, idle: 2)
        for _ in 0..<3 { _ = arrive(&machine) }
        for connection in 1...3 { _ = machine.exclusiveConnected(connection, at: 0) }
        guard case .park = machine.connectionReleased(1, at: 10), case .park = machine.connectionReleased(2, at: 20),
            case .close = machine.connectionReleased(3, at: 30)
        else { return #expect(Bool(false)) }
        _ = machine.connectionClosed(3)
        #expect(machine.idleConnections(unusedSince: 9) == [])
        #expect(machine.idleConnections(unusedSince: 10) == [1])
        #expect(machine.idleConnections(unusedSince: 20) == [1, 2])
    }

    @Test func `requests share a connection that carries many, and a second one is dialed when it is full`() {
        var machine = machine(.multiplexed, connections: 2, waiting: 10)
        #expect(arrive(&machine) == -2)
        #expect(arrive(&machine) == -1)
        #expect(machine.multiplexedConnected(1, limit: 3, at: 0).starts.count == 2)
        #expect(arrive(&machine) == 1)
        #expect(arrive(&machine) == -2)
        guard case .start = machine.streamClosed(1, at: 0) else { return #expect(Bool(false), "a free stream serves who waits") }
        #expect(machine.multiplexedConnected(2, limit: 3, at: 0).starts.isEmpty)
        #expect(arrive(&machine) == 2)
    }

    @Test func `a raised stream limit serves those who wait`() {
        var machine = machine(.multiplexed, connections: 1, waiting: 10)
        for _ in 0..<4 { _ = arrive(&machine) }
        #expect(machine.multiplexedConnected(1, limit: 1, at: 0).starts.count == 1)
        #expect(machine.streamLimitChanged(1, to: 3).count == 2)
        #expect(machine.waitingCount == 1)
    }

    @Test func `a connection whose peer leaves gets no further request and is closed after its last`() {
        var machine = machine(.multiplexed, connections: 2)
        _ = arrive(&machine)
        _ = machine.multiplexedConnected(1, limit: 10, at: 0)
        #expect(machine.stoppedAccepting(1) == 0)
        #expect(arrive(&machine) == -2)
        guard case .close = machine.streamClosed(1, at: 0) else { return #expect(Bool(false)) }
    }

    @Test func `what TLS chose decides how many connections are dialed`() {
        var machine = machine(.unknown, connections: 5, waiting: 10)
        #expect(arrive(&machine) == -2)
        #expect(arrive(&machine) == -1)
        #expect(arrive(&machine) == -1)
        let (_, dials) = machine.exclusiveConnected(1, at: 0)
        #expect(dials == 2)
    }

    @Test func `draining closes what is idle now and what is released later`() {
        var machine = machine()
        _ = arrive(&machine)
        _ = arrive(&machine)
        _ = machine.exclusiveConnected(1, at: 0)
        _ = machine.exclusiveConnected(2, at: 0)
        _ = machine.connectionReleased(1, at: 0)
        #expect(machine.drain() == [1])
        _ = machine.connectionClosed(1)
        guard case .close = machine.connectionReleased(2, at: 0) else { return #expect(Bool(false)) }
        _ = machine.connectionClosed(2)
        #expect(machine.isEmpty)
    }
}
