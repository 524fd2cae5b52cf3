import MechaCore
import Testing

@testable import MechaResiliency

@Suite struct ReconnectionTests {
    private struct Half: RandomNumberGenerator {
        func next() -> UInt64 { 1 << 63 }
    }

    private let away = CapabilityError(.unavailable, "away")
    private func at(_ milliseconds: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: milliseconds * 1_000_000) }

    @Test func `attempts that fail are made again after growing pauses, until one succeeds`() {
        var machine = Reconnection(Backoff(initial: .milliseconds(100), maximum: .milliseconds(300), multiplier: 2, jitter: 0))
        var chance = Half()
        #expect(machine.wake() == .connect)
        #expect(machine.wake() == .none)
        for pause in [100, 200, 300, 300] {
            #expect(machine.failed(away, using: &chance) == .pause(.milliseconds(pause)))
            #expect(machine.isKnownToBeAway && machine.status.reason == "away")
            #expect(machine.pauseEnded() == .connect)
        }
        #expect(machine.connected(at: at(0)) == true)
        #expect(machine.status == .ready && !machine.isKnownToBeAway)
    }

    @Test func `a connection that lasted is made again at once, a short one after a pause`() {
        var machine = Reconnection(.constant(.milliseconds(100)), stableTime: .seconds(1))
        var chance = Half()
        _ = machine.wake()
        _ = machine.connected(at: at(0))
        #expect(machine.lost(away, at: at(1000), using: &chance) == .connect)
        #expect(!machine.isKnownToBeAway)
        _ = machine.connected(at: at(2000))
        #expect(machine.lost(away, at: at(2999), using: &chance) == .pause(.milliseconds(100)))
        #expect(machine.isKnownToBeAway)
    }

    @Test func `a connection given up by wish is made again at once`() {
        var machine = Reconnection()
        #expect(machine.renewed() == .none)
        _ = machine.wake()
        _ = machine.connected(at: at(0))
        #expect(machine.renewed() == .connect)
        #expect(machine.phase == .connecting && !machine.isKnownToBeAway)
    }

    @Test func `closed means closed`() {
        var machine = Reconnection()
        var chance = Half()
        _ = machine.wake()
        machine.close()
        #expect(machine.connected(at: at(0)) == false)
        #expect(machine.failed(away, using: &chance) == .none)
        #expect(machine.lost(away, at: at(0), using: &chance) == .none)
        #expect(machine.pauseEnded() == .none)
        #expect(machine.wake() == .none)
        #expect(machine.status.phase == .closed)
    }
}
