import MechaCore
import MechaPolicies
import MechaResiliency
import MechaWire
import NIOCore

/// One streamed call under a policy: makes attempts of it until one counts, as long as nothing of a
/// response has gone to the caller and the request's body can be sent again.
///
/// Lives on the exchange's loop; hence the unchecked Sendable. A proxy or channel tells it how an attempt
/// turned out before the caller hears of it (``takesOver(_:)``), and is told to give an attempt up that
/// takes too long.
final class PolicedCall: @unchecked Sendable {
    private let policy: Policy
    private let call: StreamedCall
    private let makeAttempt: (StreamedCall) -> Void
    private var schedule: RetrySchedule?
    private var permit: CircuitBreaker.Permit?
    private var timer: LoopTimer?
    private var generator = SystemRandomNumberGenerator()
    /// Counts attempts; one that is not the current one any more must not touch the caller.
    private(set) var attempt = 0
    private var isOver = false
    /// Ends what carries the attempt; set once there is something.
    private var giveUp: ((InvocationError) -> Void)?
    /// The request's body for further attempts; nil when it cannot be sent again.
    let body: ReplayedBody?

    /// For messages.
    private let callee: String

    /// - Parameter makeAttempt: sends the call on its way, once for each attempt.
    init(
        _ call: StreamedCall, to callee: String, under policy: Policy, limits: InvocationLimits,
        _ makeAttempt: @escaping (StreamedCall) -> Void
    ) {
        self.policy = policy
        self.callee = callee
        self.call = call
        self.makeAttempt = makeAttempt
        let isRetriable = policy.retry != nil && Self.canReplay(call, upTo: limits.replayedBodyBytes)
        schedule = isRetriable ? policy.retry.map { RetrySchedule($0, startingAt: policy.clock.monotonicNow) } : nil
        body = isRetriable && call.hasBody ? ReplayedBody(call.exchange, bytesAtMost: limits.replayedBodyBytes) : nil
    }

    deinit { policy.finish(permit, .cancelled) }

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
        begin()
    }

    private func begin() {
        if let failure = call.exchange.failure { return end(.cancelled, saying: InvocationError(failure, calling: callee)) }
        do throws(PolicyError) {
            permit = try policy.requestPermit()
        } catch {
            return end(nil, saying: InvocationError(error, calling: callee))
        }
        attempt += 1
        giveUp = nil
        if let timeout = policy.timeout {
            let current = attempt
            timer = call.exchange.context.timers.start(after: .nanoseconds(timeout.wholeNanoseconds)) { [weak self] in
                self?.timedOut(current)
            }
        }
        var call = call
        call.policed = Attempt(of: self, number: attempt)
        makeAttempt(call)
    }

    private func timedOut(_ number: Int) {
        guard number == attempt, !isOver else { return }
        policy.timedOut()
        let error = InvocationError(PolicyError(.timeout), calling: callee)
        let giveUp = giveUp
        self.giveUp = nil
        let retries = settle(.failure(.other))
        giveUp?(error)
        if !retries { call.fail(error) }
    }

    // MARK: - From the attempt

    /// Whether the attempt of that number is still wanted; when it is, `giveUp` ends it.
    fileprivate func carries(_ number: Int, _ giveUp: @escaping (InvocationError) -> Void) -> Bool {
        guard number == attempt, !isOver else { return false }
        self.giveUp = giveUp
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
        timer?.cancel()
        timer = nil
        giveUp = nil
        schedule = nil
        body?.release()
    }

    fileprivate func callerLeft(_ number: Int) {
        guard number == attempt else { return }
        end(.cancelled, saying: nil)
    }

    /// Settles the current attempt; true when another follows.
    private func settle(_ outcome: PolicyOutcome) -> Bool {
        timer?.cancel()
        timer = nil
        giveUp = nil
        policy.finish(permit, .init(outcome))
        permit = nil
        guard case .failure(let failure) = outcome, body?.isComplete ?? true,
            case .retry(let pause)? = schedule?.attemptFailed(failure, at: policy.clock.monotonicNow, using: &generator)
        else {
            isOver = true
            body?.release()
            return false
        }
        policy.retried()
        body?.detach()
        // What reports late about this attempt is out of date from now on.
        attempt += 1
        call.exchange.context.loop.scheduleTask(in: .nanoseconds(pause.wholeNanoseconds)) { [self] in begin() }
        return true
    }

    private func end(_ outcome: CircuitBreaker.Outcome?, saying error: InvocationError?) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        timer = nil
        giveUp = nil
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

        /// False when the attempt took too long before it was carried; else `giveUp` ends it.
        func carried(_ giveUp: @escaping (InvocationError) -> Void) -> Bool { policed.carries(number, giveUp) }

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
