import MechaCore
import MechaResiliency

extension Policy {
    /// Makes a call under the policy. The attempt's number counts from 1.
    ///
    /// A failed value, or the error, of the last attempt is what comes out; a timeout and an open circuit
    /// breaker come out as ``PolicyError``. When the task is cancelled, so is the attempt, and none follows.
    ///
    /// - Parameter judge: what the end of an attempt means; not asked about errors of the policy itself.
    package func run<Value: Sendable>(
        judgedBy judge: (Result<Value, any Error>) -> PolicyOutcome, _ body: @escaping @Sendable (_ attempt: Int) async throws -> Value
    ) async throws -> Value {
        began()
        var generator = SystemRandomNumberGenerator()
        var schedule = retry.map { RetrySchedule($0, startingAt: clock.monotonicNow) }
        var attempt = 1
        while true {
            // A refusal ends the retries: whoever waits for the breaker would only hammer at it.
            let permit = try requestPermit()
            let number = attempt
            let result: Result<Value, any Error>
            if let timeout {
                result = await TimedRace.run(within: timeout, clock: clock) { try await body(number) }
            } else {
                do { result = .success(try await body(number)) } catch { result = .failure(error) }
            }
            let outcome = outcome(of: result, judge)
            let isCancelled = Task.isCancelled
            finish(permit, isCancelled && outcome != .success ? .cancelled : .init(outcome))
            guard case .failure(let failure) = outcome, !isCancelled,
                case .retry(let pause)? = schedule?.attemptFailed(failure, at: clock.monotonicNow, using: &generator)
            else { return try result.get() }
            retried()
            // Cancelled while it waits, the call ends as its last attempt did.
            do { try await clock.sleep(for: pause) } catch { return try result.get() }
            attempt += 1
        }
    }

    private func outcome<Value>(
        of result: Result<Value, any Error>, _ judge: (Result<Value, any Error>) -> PolicyOutcome
    ) -> PolicyOutcome {
        guard case .failure(let error) = result else { return judge(result) }
        if let error = error as? PolicyError, error.code == .timeout {
            timedOut()
            return .failure(.other)
        }
        return error is CancellationError ? .callersFault : judge(result)
    }
}
