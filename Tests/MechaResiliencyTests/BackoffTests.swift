import MechaCore
import Testing

@testable import MechaResiliency

@Suite struct Backoffs {
    @Test func `pauses grow up to the maximum and begin anew after a reset`() {
        var schedule = BackoffSchedule(Backoff(initial: .seconds(1), maximum: .seconds(5), multiplier: 2, jitter: 0))
        var random = FixedGenerator.lowest
        #expect((0..<5).map { _ in schedule.next(using: &random) } == [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
        #expect(schedule.attempts == 5)
        schedule.reset()
        #expect(schedule.next(using: &random) == .seconds(1) && schedule.attempts == 1)
    }

    @Test func `chance moves a pause by its share and not the growth`() {
        let backoff = Backoff(initial: .seconds(2), maximum: .seconds(8), multiplier: 2, jitter: 0.5)
        var early = BackoffSchedule(backoff)
        var late = BackoffSchedule(backoff)
        var lowest = FixedGenerator.lowest
        var highest = FixedGenerator.highest
        #expect((0..<3).map { _ in early.next(using: &lowest) } == [.seconds(1), .seconds(2), .seconds(4)])
        for expected in [3.0, 6, 12] {
            #expect(abs((late.next(using: &highest) - .seconds(expected)).inSeconds) < 1e-6)
        }
    }

    @Test func `an endless run of attempts stays within bounds`() {
        var schedule = BackoffSchedule(.reconnection)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            let pause = schedule.next(using: &random)
            #expect(pause > .milliseconds(30) && pause < .seconds(6.5))
        }
    }

    @Test func `nonsense in a rule is bounded`() {
        var schedule = BackoffSchedule(Backoff(initial: .seconds(9), maximum: .seconds(3), multiplier: 0, jitter: 7))
        var random = FixedGenerator.lowest
        #expect(schedule.next(using: &random) == .zero)
        #expect(schedule.backoff.multiplier == 1 && schedule.backoff.jitter == 1)
    }
}
