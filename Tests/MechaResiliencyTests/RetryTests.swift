import MechaCore
import Testing

@testable import MechaResiliency

@Suite struct Retries {
    @Test func `the built-in service policy retries three times, a second apart, only what it names`() {
        var schedule = RetrySchedule(.builtInServiceRetries, startingAt: second(0))
        #expect(schedule.fail(.grpc(14), at: 0.1) == .retry(after: .seconds(1)))
        #expect(schedule.fail(.grpc(16), at: 1.2) == .retry(after: .seconds(1)))
        #expect(schedule.fail(.grpc(14), at: 2.3) == .retry(after: .seconds(1)))
        #expect(schedule.fail(.grpc(14), at: 3.4) == .giveUp(.retriesExhausted))
        for failure in [CallFailure.grpc(13), .grpc(4), .http(500), .http(503)] {
            var other = RetrySchedule(.builtInServiceRetries, startingAt: second(0))
            #expect(other.fail(failure, at: 0.1) == .giveUp(.notRetryable))
        }
    }

    @Test func `lists of codes decide what is retried, failures without a code always are`() throws {
        let http = try #require(NumberRanges(parsing: "429,500-599", within: 100...599))
        let policy = RetryPolicy(backoff: .constant(.zero), maximumRetries: nil, httpStatusCodes: http)
        #expect(policy.matches(.http(429)) && policy.matches(.http(500)) && policy.matches(.http(599)))
        #expect(!policy.matches(.http(428)) && !policy.matches(.http(404)))
        #expect(policy.matches(.grpc(2)) && policy.matches(.other))
    }

    @Test func `an exponential policy ends when its time is over`() {
        let policy = RetryPolicy(backoff: .exponential(maximum: .seconds(60)), maximumRetries: nil, maximumElapsed: .seconds(2))
        var schedule = RetrySchedule(policy, startingAt: second(0))
        #expect(schedule.fail(.other, at: 0) == .retry(after: .milliseconds(250)))
        #expect(schedule.fail(.other, at: 1) == .retry(after: .milliseconds(375)))
        #expect(schedule.fail(.other, at: 1.9) == .giveUp(.timeExhausted))
        #expect(schedule.retries == 2)
    }

    @Test func `without limits it goes on`() {
        var schedule = RetrySchedule(RetryPolicy(backoff: .constant(.seconds(1)), maximumRetries: nil), startingAt: second(0))
        for attempt in 0..<1_000 { #expect(schedule.fail(.other, at: Double(attempt)) == .retry(after: .seconds(1))) }
    }

    @Test func `no retries means none`() {
        var schedule = RetrySchedule(RetryPolicy(backoff: .constant(.zero), maximumRetries: 0), startingAt: second(0))
        #expect(schedule.fail(.other, at: 0) == .giveUp(.retriesExhausted))
    }
}

extension RetrySchedule {
    fileprivate mutating func fail(_ failure: CallFailure, at time: Double) -> Decision {
        var random = FixedGenerator.lowest
        return attemptFailed(failure, at: second(time), using: &random)
    }
}
