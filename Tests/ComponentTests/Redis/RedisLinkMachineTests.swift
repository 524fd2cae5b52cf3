import MechaCore
import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RedisLinkMachineTests {
    private let refused = CapabilityError(.unavailable, "connection refused")
    private func time(_ seconds: UInt64) -> NIODeadline { .uptimeNanoseconds(seconds * 1_000_000_000) }

    private func description(_ action: RedisLinkMachine.CallAction) -> String {
        switch action {
        case .wait: "wait"
        case .connectAndWait: "connect"
        case .fail(let error): "\(error.code)"
        }
    }

    @Test func `the first call connects, and others wait with it`() {
        var machine = RedisLinkMachine(stableTime: .seconds(1))
        #expect(description(machine.callArrived()) == "connect")
        #expect(description(machine.callArrived()) == "wait")
        #expect(machine.connected(at: time(1)) == true)
    }

    @Test func `after a failed attempt calls fail at once until a later one succeeds`() {
        var machine = RedisLinkMachine(stableTime: .seconds(1))
        _ = machine.callArrived()
        #expect(machine.attemptFailed(refused) == .pause(failures: 1))
        #expect(description(machine.callArrived()) == "unavailable")
        #expect(machine.pauseEnded() == true)
        #expect(description(machine.callArrived()) == "unavailable")
        #expect(machine.attemptFailed(refused) == .pause(failures: 2))
        #expect(machine.pauseEnded() == true)
        #expect(machine.connected(at: time(1)) == true)
        #expect(machine.lastFailure == nil)
    }

    @Test func `a link that is told of the server connects at once, and calls wait for it`() {
        var machine = RedisLinkMachine(stableTime: .seconds(1))
        #expect(machine.serverIsBack() == false)
        _ = machine.callArrived()
        #expect(machine.serverIsBack() == false)
        _ = machine.attemptFailed(refused)
        #expect(machine.serverIsBack() == true)
        #expect(description(machine.callArrived()) == "wait")
        #expect(machine.attemptFailed(refused) == .pause(failures: 2))
        // An attempt under way is not made twice, and calls wait for it from now on.
        #expect(machine.pauseEnded() == true)
        #expect(description(machine.callArrived()) == "unavailable")
        #expect(machine.serverIsBack() == false)
        #expect(description(machine.callArrived()) == "wait")
        #expect(machine.connected(at: time(1)) == true)
        #expect(machine.serverIsBack() == false)
        machine.close()
        #expect(machine.serverIsBack() == false)
    }

    @Test func `calls wait for the attempt that follows the loss of a good connection`() {
        var machine = RedisLinkMachine(stableTime: .seconds(1))
        _ = machine.callArrived()
        _ = machine.connected(at: time(1))
        #expect(machine.connectionLost(refused, at: time(60)) == .connect)
        #expect(description(machine.callArrived()) == "wait")
        machine.waitEnded()
        #expect(description(machine.callArrived()) == "unavailable")
    }

    @Test func `a connection that is lost at once counts as a failed attempt`() {
        var machine = RedisLinkMachine(stableTime: .seconds(1))
        _ = machine.callArrived()
        for failures in 1...3 {
            _ = machine.connected(at: time(1))
            #expect(machine.connectionLost(refused, at: time(1)) == .pause(failures: failures))
            _ = machine.pauseEnded()
        }
        _ = machine.connected(at: time(1))
        #expect(machine.connectionLost(refused, at: time(3)) == .connect)
        #expect(machine.attemptFailed(refused) == .pause(failures: 1))
    }

    @Test func `a closed link stays closed`() {
        var machine = RedisLinkMachine(stableTime: .seconds(1))
        _ = machine.callArrived()
        machine.close()
        #expect(machine.connected(at: time(1)) == false)
        #expect(description(machine.callArrived()) == "closed")
        #expect(machine.attemptFailed(refused) == .none)
        #expect(machine.pauseEnded() == false)
        #expect(machine.wake() == false)
    }

    @Test func `a wrong password is reported as what it is`() {
        var machine = RedisLinkMachine(stableTime: .seconds(1))
        _ = machine.callArrived()
        _ = machine.attemptFailed(CapabilityError(.misconfigured, "wrong password"))
        #expect(description(machine.callArrived()) == "misconfigured")
    }

    @Test func `pauses double up to the greatest, and half of each is chance`() {
        let backoff = RedisBackoff(minimum: .milliseconds(8), maximum: .milliseconds(100))
        var generator = SystemRandomNumberGenerator()
        for (failures, ceiling) in [(1, 8), (2, 16), (4, 64), (5, 100), (1_000, 100)] as [(Int, Int64)] {
            let delay = backoff.delay(afterFailures: failures, using: &generator)
            #expect(delay >= .milliseconds(ceiling / 2) && delay <= .milliseconds(ceiling))
        }
    }
}
