import MechaCore
import MechaResiliency
import MechaTelemetry
import Synchronization

/// A circuit breaker that calls of several threads share.
package final class SharedBreaker: Sendable {
    private let machine: Mutex<CircuitBreaker>
    private let clock: any MechaClock

    init(_ settings: CircuitBreaker.Settings, clock: any MechaClock) {
        self.clock = clock
        machine = Mutex(CircuitBreaker(settings, at: clock.monotonicNow))
    }

    /// The state as it is now.
    package var state: CircuitBreaker.State {
        machine.withLock { machine in
            machine.refresh(at: clock.monotonicNow)
            return machine.state
        }
    }

    /// Asks to make a call; ``finish(_:_:_:)`` must follow.
    ///
    /// - Parameter now: the clock's time.
    package func request(_ metrics: ResiliencyMetrics.Target?, at now: MonotonicInstant) throws(PolicyError) -> CircuitBreaker.Permit {
        let (admission, before, state) = machine.withLock { machine in
            let before = machine.state
            let admission = machine.request(at: now)
            return (admission, before, machine.state)
        }
        if let metrics {
            metrics.executed(.init(state))
            if state != before { metrics.activated(.init(state)) }
        }
        switch admission {
        case .admitted(let permit): return permit
        case .refused: throw PolicyError(state == .open ? .circuitOpen : .tooManyRequests)
        }
    }

    package func finish(_ permit: CircuitBreaker.Permit, _ outcome: CircuitBreaker.Outcome, _ metrics: ResiliencyMetrics.Target?) {
        let (before, state) = machine.withLock { machine in
            let before = machine.state
            machine.finish(permit, outcome, at: clock.monotonicNow)
            return (before, machine.state)
        }
        if state != before { metrics?.activated(.init(state)) }
    }
}

extension ResiliencyMetrics.BreakerState {
    init(_ state: CircuitBreaker.State) {
        switch state {
        case .closed: self = .closed
        case .halfOpen: self = .halfOpen
        case .open: self = .open
        }
    }
}

extension CircuitBreaker.Outcome {
    package init(_ outcome: PolicyOutcome) {
        switch outcome {
        case .success, .callersFault: self = .success
        case .failure: self = .failure
        }
    }
}
