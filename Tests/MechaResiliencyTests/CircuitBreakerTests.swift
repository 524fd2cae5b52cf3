import Testing

@testable import MechaResiliency

@Suite struct CircuitBreakers {
    @Test func `six failures in a row open it for a minute, then one trial decides`() throws {
        var breaker = CircuitBreaker(at: second(0))
        for number in 0..<5 { breaker.call(.failure, at: Double(number)) }
        breaker.call(.success, at: 5)
        for number in 0..<5 { breaker.call(.failure, at: 6 + Double(number)) }
        #expect(breaker.state == .closed && breaker.counts.consecutiveFailures == 5 && breaker.counts.totalFailures == 10)
        breaker.call(.failure, at: 11)
        #expect(breaker.state == .open && breaker.counts == .init())
        #expect(breaker.request(at: second(70.9)) == .refused)

        let trial = try breaker.permit(at: 71)
        #expect(breaker.state == .halfOpen)
        #expect(breaker.request(at: second(71)) == .refused)
        breaker.finish(trial, .failure, at: second(72))
        #expect(breaker.state == .open)
        #expect(breaker.request(at: second(131.9)) == .refused)

        let second = try breaker.permit(at: 132)
        breaker.finish(second, .success, at: MechaResiliencyTests.second(133))
        #expect(breaker.state == .closed && breaker.counts == .init())
    }

    @Test func `the clock is asked only where time changes something`() throws {
        var asked = 0
        func now() -> MonotonicInstant {
            asked += 1
            return second(1)
        }
        var breaker = CircuitBreaker(.init(timeout: .seconds(10)) { $0.totalFailures >= 2 }, at: second(0))
        breaker.finish(try breaker.permit(at: 0), .success, at: now())
        breaker.finish(try breaker.permit(at: 0), .failure, at: now())
        #expect(asked == 0 && breaker.state == .closed)
        breaker.finish(try breaker.permit(at: 0), .failure, at: now())
        #expect(asked == 1 && breaker.state == .open)
    }

    @Test func `all trial calls must succeed`() throws {
        var breaker = CircuitBreaker(.init(maximumTrialRequests: 2, timeout: .seconds(10)) { $0.totalFailures >= 1 }, at: second(0))
        breaker.call(.failure, at: 1)
        let first = try breaker.permit(at: 11)
        let other = try breaker.permit(at: 11)
        #expect(breaker.request(at: second(11)) == .refused)
        breaker.finish(first, .success, at: second(12))
        #expect(breaker.state == .halfOpen)
        breaker.finish(other, .success, at: second(12))
        #expect(breaker.state == .closed)
    }

    @Test func `a trial call that is given up makes room for the next`() throws {
        var breaker = CircuitBreaker(.init(timeout: .seconds(10)) { _ in true }, at: second(0))
        breaker.call(.failure, at: 0)
        let trial = try breaker.permit(at: 10)
        breaker.finish(trial, .cancelled, at: second(11))
        #expect(breaker.state == .halfOpen)
        _ = try breaker.permit(at: 12)
    }

    @Test func `calls of an earlier time no longer count`() throws {
        var breaker = CircuitBreaker(.init(timeout: .seconds(10)) { $0.totalFailures >= 2 }, at: second(0))
        let slow = try breaker.permit(at: 0)
        breaker.call(.failure, at: 1)
        breaker.call(.failure, at: 2)
        #expect(breaker.state == .open)
        let trial = try breaker.permit(at: 12)
        breaker.finish(slow, .failure, at: second(13))
        #expect(breaker.state == .halfOpen)
        breaker.finish(trial, .success, at: second(14))
        breaker.finish(slow, .failure, at: second(15))
        #expect(breaker.state == .closed && breaker.counts.totalFailures == 0)
    }

    @Test func `the interval clears the counts of the closed state`() {
        var breaker = CircuitBreaker(.init(interval: .seconds(10)) { $0.totalFailures >= 3 }, at: second(0))
        breaker.call(.failure, at: 1)
        breaker.call(.failure, at: 9)
        breaker.call(.failure, at: 10)
        #expect(breaker.state == .closed && breaker.counts.totalFailures == 1)
        breaker.call(.failure, at: 12)
        breaker.call(.failure, at: 13)
        #expect(breaker.state == .open)
    }

    @Test func `time alone makes an open breaker half open`() {
        var breaker = CircuitBreaker(.init(timeout: .seconds(10)) { _ in true }, at: second(0))
        breaker.call(.failure, at: 0)
        breaker.refresh(at: second(9.9))
        #expect(breaker.state == .open)
        breaker.refresh(at: second(10))
        #expect(breaker.state == .halfOpen)
    }
}

extension CircuitBreaker {
    private struct Refused: Error {}

    /// The permit of a call that must be admitted.
    fileprivate mutating func permit(at time: Double) throws -> Permit {
        guard case .admitted(let permit) = request(at: second(time)) else { throw Refused() }
        return permit
    }

    /// A whole call, admitted or not.
    fileprivate mutating func call(_ outcome: Outcome, at time: Double) {
        if let permit = try? permit(at: time) { finish(permit, outcome, at: second(time)) }
    }
}
