import MechaCore
import MechaPolicies
import MechaResiliency
import MechaWire
import NIOCore

/// One streamed call under a policy: makes attempts of it until one counts, as long as nothing of a
/// response has gone to the caller and the request's body can be sent again.
///
/// It is the timer of its attempts itself. Lives on the exchange's loop; hence the unchecked Sendable. A proxy or
/// channel tells it how an attempt turned out before the caller hears of it (``Attempt/takesOver(_:)``), and is told
/// to give an attempt up that takes too long.
final class PolicedCall: LoopTimer, @unchecked Sendable {
    private let policy: Policy
    private let call: StreamedCall
    private let target: InvocationTarget
    private let invoker: Invoker
    /// Whether failures may lead to further attempts.
    private var isRetriable: Bool
    /// Made with the first failure; nearly all calls have none.
    private var schedule: RetrySchedule?
    private let startedAt: MonotonicInstant
    private var permit: CircuitBreaker.Permit?
    /// Counts attempts; one that is not the current one any more must not touch the caller.
    private(set) var attempt = 0
    private var isOver = false
    /// What carries the attempt; set once there is something.
    private var carrier: (any AttemptCarrier)?
    /// The request's body for further attempts; nil when it cannot be sent again.
    let body: ReplayedBody?

    /// - Parameter invoker: sends the call on its way, once for each attempt.
    init(_ call: StreamedCall, to target: InvocationTarget, by invoker: Invoker, under policy: Policy) {
        self.policy = policy
        self.target = target
        self.invoker = invoker
        self.call = call
        // The call has read the clock already.
        startedAt = policy.isOnSystemTime ? MonotonicInstant(nanoseconds: call.startedAt) : policy.clock.monotonicNow
        let limit = invoker.limits.replayedBodyBytes
        isRetriable = policy.retry != nil && Self.canReplay(call, upTo: limit)
        body = isRetriable && call.hasBody ? ReplayedBody(call.exchange, bytesAtMost: limit) : nil
    }

    deinit { policy.finish(permit, .cancelled) }

    /// For messages.
    private var callee: String { target.policyName }

    /// A body whose length is unknown may be a stream that has no end, or one that nobody may say twice;
    /// gRPC knows no lengths, and says by `dapr-stream` which calls are such streams.
    private static func canReplay(_ call: StreamedCall, upTo limit: Int) -> Bool {
        let exchange = call.exchange
        if !call.hasBody { return true }
        if call.kind == .grpcProxy { return exchange.head.headers.first(name: "dapr-stream")?.lowercased() != "true" }
        return exchange.head.headers.first(name: "content-length").flatMap { Int($0) }.map { $0 <= limit } ?? false
    }

    func start() {
        policy.began()
        begin(at: call.startedAt)
    }

    /// - Parameter now: nanoseconds of the loop's clock, as they were a moment ago.
    private func begin(at now: UInt64) {
        if let failure = call.exchange.failure { return end(.cancelled, saying: InvocationError(failure, calling: callee)) }
        do throws(PolicyError) {
            permit = try policy.requestPermit(at: policy.isOnSystemTime ? MonotonicInstant(nanoseconds: now) : policy.clock.monotonicNow)
        } catch {
            return end(nil, saying: InvocationError(error, calling: callee))
        }
        attempt += 1
        carrier = nil
        if let timeout = policy.timeoutNanoseconds {
            let now = NIODeadline.uptimeNanoseconds(now)
            call.exchange.context.timers.start(self, at: now + .nanoseconds(timeout), now: now)
        }
        var call = call
        call.policed = Attempt(of: self, number: attempt)
        invoker.send(call, to: target, retry: .never)
    }

    override func fired() { timedOut(attempt) }

    private func timedOut(_ number: Int) {
        guard number == attempt, !isOver else { return }
        policy.timedOut()
        let error = InvocationError(PolicyError(.timeout), calling: callee)
        let carrier = carrier
        let retries = settle(.failure(.other))
        carrier?.giveUp(error)
        if !retries { call.fail(error) }
    }

    // MARK: - From the attempt

    /// Whether the attempt of that number is still wanted.
    fileprivate func carries(_ number: Int, _ carrier: any AttemptCarrier) -> Bool {
        guard number == attempt, !isOver else { return false }
        self.carrier = carrier
        return true
    }

    /// How an attempt turned out. True when it must leave the caller alone: another one follows, or it is
    /// out of date.
    fileprivate func takesOver(_ number: Int, _ outcome: PolicyOutcome) -> Bool {
        guard number == attempt, !isOver else { return true }
        return settle(outcome)
    }

    /// The caller has a part of the answer: no further attempt follows and no time limit holds, whatever the rest is.
    fileprivate func answerBegan(_ number: Int) {
        guard number == attempt, !isOver else { return }
        cancel()
        carrier = nil
        isRetriable = false
        body?.release()
    }

    fileprivate func callerLeft(_ number: Int) {
        guard number == attempt else { return }
        end(.cancelled, saying: nil)
    }

    /// Settles the current attempt; true when another follows.
    private func settle(_ outcome: PolicyOutcome) -> Bool {
        cancel()
        carrier = nil
        policy.finish(permit, .init(outcome))
        permit = nil
        guard case .failure(let failure) = outcome, body?.isComplete ?? true, let pause = pause(after: failure) else {
            isOver = true
            body?.release()
            return false
        }
        policy.retried()
        body?.detach()
        // What reports late about this attempt is out of date from now on.
        attempt += 1
        call.exchange.context.loop.scheduleTask(in: .nanoseconds(pause.wholeNanoseconds)) { [self] in
            begin(at: NIODeadline.now().uptimeNanoseconds)
        }
        return true
    }

    /// How long to wait before the next attempt; nil when none follows.
    private func pause(after failure: CallFailure) -> Duration? {
        guard isRetriable, let retry = policy.retry else { return nil }
        var schedule = schedule ?? RetrySchedule(retry, startingAt: startedAt)
        var generator = SystemRandomNumberGenerator()
        let decision = schedule.attemptFailed(failure, at: policy.clock.monotonicNow, using: &generator)
        self.schedule = schedule
        guard case .retry(let pause) = decision else { return nil }
        return pause
    }

    private func end(_ outcome: CircuitBreaker.Outcome?, saying error: InvocationError?) {
        guard !isOver else { return }
        isOver = true
        cancel()
        carrier = nil
        if let outcome { policy.finish(permit, outcome) }
        permit = nil
        body?.release()
        if let error { call.fail(error) }
    }

    /// What a proxy or channel knows of the policy: the attempt that it carries.
    struct Attempt: Sendable {
        private let policed: PolicedCall
        private let number: Int

        init(of policed: PolicedCall, number: Int) {
            self.policed = policed
            self.number = number
        }

        var body: ReplayedBody? { policed.body }

        /// False when the attempt took too long before it was carried; else the carrier is told when it does.
        func carried(by carrier: any AttemptCarrier) -> Bool { policed.carries(number, carrier) }

        /// Tells an answer with this HTTP status and gRPC status, if any. True when the caller must not hear of it.
        func takesOver(status: Int, grpcStatus: Int? = nil) -> Bool {
            let outcome: PolicyOutcome =
                if let grpcStatus, grpcStatus != 0 {
                    .failure(.grpc(grpcStatus))
                } else {
                    status < 400 ? .success : .failure(.http(status))
                }
            return policed.takesOver(number, outcome)
        }

        /// Tells why there is no answer. True when the caller must not hear of it.
        func takesOver(_ error: InvocationError) -> Bool { policed.takesOver(number, error.policyOutcome) }

        /// The caller gets a part of an answer whose outcome is told later.
        func answerBegan() { policed.answerBegan(number) }

        func callerLeft() { policed.callerLeft(number) }
    }
}
