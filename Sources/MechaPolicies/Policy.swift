import MechaCore
import MechaResiliency
import MechaTelemetry

/// What applies to calls of one target: any of a timeout, a circuit breaker and retries, at least one.
package final class Policy: Sendable {
    /// The series of each part.
    struct Metrics: Sendable {
        var timeout: ResiliencyMetrics.Target?
        var retry: ResiliencyMetrics.Target?
        var breaker: ResiliencyMetrics.Target?
    }

    /// Of one attempt.
    package let timeout: Duration?
    /// The same, for event loops.
    package let timeoutNanoseconds: Int64?
    package let retry: RetryPolicy?
    package let breaker: SharedBreaker?
    package let clock: any MechaClock
    /// Whether the clock is the machine's own, so that its time is that of event loops.
    package let isOnSystemTime: Bool
    let metrics: Metrics

    /// Nil when there is nothing to apply.
    init?(timeout: Duration?, retry: RetryPolicy?, breaker: SharedBreaker?, clock: any MechaClock, metrics: Metrics = Metrics()) {
        guard timeout != nil || retry != nil || breaker != nil else { return nil }
        self.timeout = timeout
        timeoutNanoseconds = timeout.map(\.wholeNanoseconds)
        self.retry = retry
        self.breaker = breaker
        self.clock = clock
        isOnSystemTime = clock is SystemClock
        self.metrics = metrics
    }

    /// Counts that the policy is applied to a call.
    package func began() {
        metrics.timeout?.executed()
        metrics.retry?.executed()
    }

    /// Counts an attempt that was cut off.
    package func timedOut() { metrics.timeout?.activated() }

    /// Counts an attempt that is made again.
    package func retried() { metrics.retry?.activated() }

    package func requestPermit() throws(PolicyError) -> CircuitBreaker.Permit? { try requestPermit(at: clock.monotonicNow) }

    /// - Parameter now: the clock's time, as far as it is known already.
    package func requestPermit(at now: @autoclosure () -> MonotonicInstant) throws(PolicyError) -> CircuitBreaker.Permit? {
        try breaker?.request(metrics.breaker, at: now())
    }

    package func finish(_ permit: CircuitBreaker.Permit?, _ outcome: CircuitBreaker.Outcome) {
        guard let permit else { return }
        breaker?.finish(permit, outcome, metrics.breaker)
    }
}
