import MechaCore
import MechaTestKit
import Testing

@testable import MechaPolicies
@testable import MechaResiliency

@Suite struct PolicyRunTests {
    private let clock = ManualClock()

    private func policy(timeout: Duration? = nil, retry: RetryPolicy? = nil, breaker: CircuitBreaker.Settings? = nil) throws -> Policy {
        try #require(Policy(timeout: timeout, retry: retry, breaker: breaker.map { SharedBreaker($0, clock: clock) }, clock: clock))
    }

    private static func judge(_ result: Result<Int, any Error>) -> PolicyOutcome {
        switch result {
        case .success(let status): status < 400 ? .success : .failure(.http(status))
        case .failure(let error): error is Refused ? .callersFault : .failure(.other)
        }
    }

    @Test func `retries end with a success`() async throws {
        let policy = try policy(retry: RetryPolicy(backoff: .constant(.seconds(5)), maximumRetries: 3))
        let start = clock.monotonicNow
        let calls = Counter()
        let status = try await withTime(clock, step: .seconds(5)) {
            try await policy.run(judgedBy: Self.judge) { attempt in
                calls.add()
                return attempt < 3 ? 503 : 200
            }
        }
        #expect(status == 200 && calls.value == 3)
        #expect(clock.monotonicNow.since(start) == .seconds(10))
    }

    @Test func `the last failure comes out as it is`() async throws {
        let policy = try policy(retry: RetryPolicy(backoff: .constant(.zero), maximumRetries: 2))
        let calls = Counter()
        let status = try await withTime(clock, step: .seconds(1)) {
            try await policy.run(judgedBy: Self.judge) { _ in 500 + calls.add() }
        }
        #expect(status == 503 && calls.value == 3)
        await #expect(throws: CapabilityError.self) {
            try await withTime(clock, step: .seconds(1)) {
                try await policy.run(judgedBy: Self.judge) { _ in throw CapabilityError(.unavailable, "down") }
            }
        }
    }

    @Test func `what is not covered is not retried`() async throws {
        let policy = try policy(
            retry: RetryPolicy(backoff: .constant(.zero), maximumRetries: 5, httpStatusCodes: NumberRanges([503...503])))
        let calls = Counter()
        #expect(
            try await policy.run(judgedBy: Self.judge) { _ in
                calls.add()
                return 404
            } == 404)
        await #expect(throws: Refused.self) {
            try await policy.run(judgedBy: Self.judge) { _ in
                calls.add()
                throw Refused()
            }
        }
        #expect(calls.value == 2)
    }

    @Test func `a timeout cuts one attempt off and is retried`() async throws {
        let policy = try policy(timeout: .seconds(2), retry: RetryPolicy(backoff: .constant(.seconds(1)), maximumRetries: 1))
        let (calls, cancellations) = (Counter(), Counter())
        await #expect(throws: PolicyError(.timeout)) {
            try await withTime(clock, step: .seconds(1)) { [clock] in
                try await policy.run(judgedBy: Self.judge) { _ in
                    calls.add()
                    do { try await clock.sleep(for: .seconds(1_000)) } catch {
                        cancellations.add()
                        throw error
                    }
                    return 200
                }
            }
        }
        #expect(calls.value == 2)
        while cancellations.value < 2 { await Task.yield() }
    }

    @Test func `a body that does not listen is left behind`() async throws {
        let policy = try policy(timeout: .seconds(2))
        let (stuck, release) = AsyncStream<Void>.makeStream()
        await #expect(throws: PolicyError(.timeout)) {
            try await withTime(clock, step: .seconds(1)) {
                try await policy.run(judgedBy: Self.judge) { _ in
                    await Task.detached { for await _ in stuck {} }.value
                    return 200
                }
            }
        }
        release.finish()
    }

    @Test func `an open breaker refuses and ends the retries`() async throws {
        let policy = try policy(
            retry: RetryPolicy(backoff: .constant(.zero), maximumRetries: 10),
            breaker: .init(timeout: .seconds(30), trips: { $0.consecutiveFailures >= 3 }))
        let calls = Counter()
        await #expect(throws: PolicyError(.circuitOpen)) {
            try await withTime(clock, step: .milliseconds(1)) {
                try await policy.run(judgedBy: Self.judge) { _ in
                    calls.add()
                    return 500
                }
            }
        }
        #expect(calls.value == 3)
        await #expect(throws: PolicyError(.circuitOpen)) {
            try await policy.run(judgedBy: Self.judge) { _ in
                calls.add()
                return 200
            }
        }
        #expect(calls.value == 3)
        clock.advance(by: .seconds(30))
        #expect(policy.breaker?.state == .halfOpen)
        #expect(try await policy.run(judgedBy: Self.judge) { _ in 200 } == 200)
        #expect(policy.breaker?.state == .closed)
    }

    @Test func `callers' faults are no faults of the target, and a trial that is cancelled gives its place back`() async throws {
        let policy = try policy(breaker: .init(timeout: .seconds(30), trips: { $0.consecutiveFailures >= 1 }))
        await #expect(throws: Refused.self) { try await policy.run(judgedBy: Self.judge) { _ in throw Refused() } }
        #expect(policy.breaker?.state == .closed)
        _ = try await policy.run(judgedBy: Self.judge) { _ in 500 }
        #expect(policy.breaker?.state == .open)
        clock.advance(by: .seconds(30))
        let trial = Task { [clock] in
            try await policy.run(judgedBy: Self.judge) { _ in
                try await clock.sleep(for: .seconds(99))
                return 200
            }
        }
        while clock.sleeperCount == 0 { await Task.yield() }
        await #expect(throws: PolicyError(.tooManyRequests)) { try await policy.run(judgedBy: Self.judge) { _ in 200 } }
        trial.cancel()
        await #expect(throws: CancellationError.self) { try await trial.value }
        #expect(try await policy.run(judgedBy: Self.judge) { _ in 200 } == 200)
    }

    @Test func `a cancelled call is not retried`() async throws {
        let policy = try policy(retry: RetryPolicy(backoff: .constant(.seconds(60)), maximumRetries: nil))
        let calls = Counter()
        let call = Task {
            try await policy.run(judgedBy: Self.judge) { _ in
                calls.add()
                return 500
            }
        }
        while clock.sleeperCount == 0 { await Task.yield() }
        call.cancel()
        #expect(try await call.value == 500)
        #expect(calls.value == 1)
    }
}
