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

/// What waits for deadlines of its own.
private final class Waiter: LoopTimer, @unchecked Sendable {
    let calls: Calls
    let number: Int
    let action: (Waiter) -> Void

    init(_ number: Int, _ calls: Calls, _ action: @escaping (Waiter) -> Void = { _ in }) {
        self.number = number
        self.calls = calls
        self.action = action
    }

    override func fired() {
        calls.note(number)
        action(self)
    }
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

    @Test func `what is a timer itself may wait again and again, also from its own call`() {
        let timers = LoopTimers(loop: loop)
        let calls = Calls()
        let loop = loop
        let waiter = Waiter(1, calls) { waiter in
            guard calls.all.count < 5 else { return }
            // Long and short waits take turns.
            let pause = TimeAmount.milliseconds(calls.all.count % 2 == 0 ? 300 : 50)
            timers.start(waiter, at: loop.now + pause, now: loop.now)
        }
        timers.start(waiter, at: loop.now + .seconds(1), now: loop.now)
        loop.advanceTime(by: .seconds(5))
        #expect(calls.all == [1, 1, 1, 1, 1])
        for _ in 0..<3 {
            timers.start(waiter, at: loop.now + .seconds(1), now: loop.now)
            waiter.cancel()
        }
        loop.advanceTime(by: .seconds(5))
        #expect(calls.all.count == 5)
    }

    @Test func `one that another of its tick starts anew is called in its new time`() {
        let timers = LoopTimers(loop: loop)
        let calls = Calls()
        let loop = loop
        let others = [Waiter(2, calls), Waiter(3, calls)]
        let first = Waiter(1, calls) { _ in
            for other in others {
                other.cancel()
                timers.start(other, at: loop.now + .seconds(1), now: loop.now)
            }
        }
        let due = loop.now + .milliseconds(300)
        // The last one that is started in a tick is the first to be called.
        for timer in others + [first] { timers.start(timer, at: due, now: loop.now) }
        loop.advanceTime(by: .milliseconds(320))
        #expect(calls.all == [1])
        loop.advanceTime(by: .seconds(2))
        #expect(calls.all == [1, 3, 2])
    }

    @Test func `a time read long ago makes a timer late by no more than a tick`() {
        let timers = LoopTimers(loop: loop)
        let calls = Calls()
        let begin = loop.now
        timers.start(after: .milliseconds(300)) { calls.note(0) }
        loop.advanceTime(by: .seconds(3))
        timers.start(Waiter(1, calls), at: begin + .milliseconds(300), now: begin)
        timers.start(Waiter(2, calls), at: begin + .milliseconds(3_300), now: begin)
        loop.advanceTime(by: .milliseconds(20))
        #expect(calls.all == [0, 1])
        loop.advanceTime(by: .milliseconds(300))
        #expect(calls.all == [0, 1, 2])
    }
}
