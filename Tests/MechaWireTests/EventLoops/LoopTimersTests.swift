import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import MechaWire

/// What was called, in order.
private final class Calls: Sendable {
    private let state = Mutex<[Int]>([])
    func note(_ number: Int) { state.withLock { $0.append(number) } }
    var all: [Int] { state.withLock { $0 } }
}

@Suite struct LoopTimersTests {
    let loop = EmbeddedEventLoop()

    @Test(arguments: [1, 50, 199, 200, 201, 1_000, 10_239, 10_240, 10_250, 25_000, 600_000])
    func `a timer calls once, never early and at most a tick late`(milliseconds: Int) {
        let timers = LoopTimers(loop: loop)
        let calls = Calls()
        timers.start(after: .milliseconds(Int64(milliseconds))) { calls.note(milliseconds) }
        loop.advanceTime(by: .milliseconds(Int64(milliseconds)) - .nanoseconds(1))
        #expect(calls.all.isEmpty)
        loop.advanceTime(by: LoopTimers.tick + .nanoseconds(1))
        #expect(calls.all == [milliseconds])
        loop.advanceTime(by: .minutes(30))
        #expect(calls.all == [milliseconds])
    }

    @Test func `timers call in the order of their ticks, also when they began in another`() {
        let timers = LoopTimers(loop: loop)
        let calls = Calls()
        for milliseconds in [900, 300, 20_000, 600, 300, 11_000] {
            timers.start(after: .milliseconds(Int64(milliseconds))) { calls.note(milliseconds) }
        }
        loop.advanceTime(by: .seconds(30))
        #expect(calls.all == [300, 300, 600, 900, 11_000, 20_000])
    }

    @Test func `a cancelled timer is silent, and cancelling again or late does nothing`() {
        let timers = LoopTimers(loop: loop)
        let calls = Calls()
        let started = (0..<9).map { number in timers.start(after: .milliseconds(300)) { calls.note(number) } }
        for number in [0, 4, 8, 4] { started[number].cancel() }
        loop.advanceTime(by: .seconds(1))
        #expect(Set(calls.all) == [1, 2, 3, 5, 6, 7])
        for timer in started { timer.cancel() }
        timers.start(after: .milliseconds(300)) { calls.note(9) }
        loop.advanceTime(by: .seconds(1))
        #expect(calls.all.last == 9)
    }

    @Test func `an action may cancel one of its own tick`() {
        let timers = LoopTimers(loop: loop)
        let calls = Calls()
        let started = Mutex<[LoopTimer]>([])
        for number in 0..<4 {
            let timer = timers.start(after: .milliseconds(300)) {
                calls.note(number)
                for other in started.withLock({ $0 }) { other.cancel() }
            }
            started.withLock { $0.append(timer) }
        }
        loop.advanceTime(by: .seconds(1))
        #expect(calls.all.count == 1)
        timers.start(after: .milliseconds(300)) { calls.note(9) }
        loop.advanceTime(by: .seconds(1))
        #expect(calls.all.count == 2 && calls.all.last == 9)
    }

    @Test func `an action may cancel and start others`() {
        let timers = LoopTimers(loop: loop)
        let calls = Calls()
        let victim = timers.start(after: .milliseconds(400)) { calls.note(-1) }
        timers.start(after: .milliseconds(300)) { [loop] in
            victim.cancel()
            calls.note(1)
            timers.start(after: .milliseconds(300)) { calls.note(2) }
            _ = loop
        }
        loop.advanceTime(by: .seconds(2))
        #expect(calls.all == [1, 2])
    }

    @Test func `many timers at random come each in its time`() {
        let timers = LoopTimers(loop: loop)
        let calls = Calls()
        var generator = SystemRandomNumberGenerator()
        var wanted: [Int] = []
        for number in 0..<2_000 {
            let milliseconds = Int.random(in: 200...40_000, using: &generator)
            let timer = timers.start(after: .milliseconds(Int64(milliseconds))) { calls.note(number) }
            if number % 3 == 0 { timer.cancel() } else { wanted.append(number) }
            if number % 7 == 0 { loop.advanceTime(by: .milliseconds(13)) }
        }
        loop.advanceTime(by: .seconds(60))
        #expect(calls.all.sorted() == wanted)
    }
}
