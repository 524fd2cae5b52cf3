import MechaCore
import MechaWire
import NIOCore

/// An app of this process, as calls reach it: its channel, behind health and concurrency.
public final class LocalApp: Sendable {
    public let address: AppAddress
    public let health: AppHealthMonitor?
    /// Nil for an app that only calls out.
    public let channel: (any AppChannel)?
    /// Who may call the app. Asked for streamed calls here; who makes calls in memory on behalf of another app
    /// asks first, since the runtime's own calls (events, jobs) come from nobody.
    package let access = AccessGate()
    private let gate: ConcurrencyGate?
    private let observer: any InvocationObserver

    /// - Parameter maxConcurrency: calls to the app at once; nil for no limit.
    public init(
        address: AppAddress, channel: (any AppChannel)?, maxConcurrency: Int? = nil, probes: AppProbeOptions = .init(),
        limits: InvocationLimits = .init(), clock: any MechaClock = SystemClock(),
        observer: any InvocationObserver = SilentInvocationObserver()
    ) {
        self.address = address
        self.channel = channel
        self.observer = observer
        gate = maxConcurrency.map { ConcurrencyGate(limit: max(1, $0), waitingAtMost: limits.waitingCallsPerApp) }
        health = channel.map {
            AppHealthMonitor(app: address, channel: $0, options: probes, clock: clock, observer: observer)
        }
    }

    /// Carries a streamed call to the app. On the exchange's loop.
    public func forward(_ call: StreamedCall) {
        do throws(InvocationError) {
            try access.check(
                call.caller, calling: address, call.method,
                verb: call.kind == .grpcProxy ? nil : call.namesVerb ? call.exchange.head.method.rawValue : "")
            let channel = try openChannel(for: call.kind)
            observer.callBegan(.app, caller: call.caller, callee: address.appID, kind: call.kind)
            guard let gate else { return channel.forward(call, owner: self) }
            let entry = gate.enter(on: call.exchange.context.loop) { [self] in
                call.exchange.whenAbandoned(nil)
                // Somebody who waited may be gone by now.
                if let failure = call.exchange.failure {
                    return callEnded(call, failure: InvocationError(failure, calling: address.appID))
                }
                channel.forward(call, owner: self)
            }
            switch entry {
            case .admitted: channel.forward(call, owner: self)
            case .queued(let number): call.exchange.whenAbandoned { [self] in gaveUpWaiting(call, number, $0) }
            case .rejected: throw ConcurrencyGate.full
            }
        } catch {
            call.fail(error)
            observer.callEnded(call.report(.app, callee: address.appID, failure: error))
        }
    }

    /// A caller left before the app was free for it: its place goes to somebody who is still there.
    private func gaveUpWaiting(_ call: StreamedCall, _ number: Int, _ failure: WireError) {
        guard gate?.giveUp(number) == true else { return }
        call.policed?.callerLeft()
        call.exchange.abort(failure)
        observer.callEnded(call.report(.app, callee: address.appID, failure: InvocationError(failure, calling: address.appID)))
    }

    /// Makes one call with its whole body in memory. An error answer of the app is a response.
    public func invoke(_ request: AppRequest, deadline: NIODeadline? = nil) async throws(InvocationError) -> AppResponse {
        try await admitted { channel throws(InvocationError) in try await channel.invoke(request, deadline: deadline) }
    }

    /// Whether only so many calls at a time may reach the app.
    var isGated: Bool { gate != nil }

    /// Uses the channel when the app is well and it is this call's turn.
    func admitted<Answer>(
        _ body: (any AppChannel) async throws(InvocationError) -> Answer
    ) async throws(InvocationError) -> Answer {
        let channel = try openChannel(for: .invocation)
        guard let gate else { return try await body(channel) }
        try await gate.enter()
        defer { gate.leave() }
        return try await body(channel)
    }

    func openChannel(for kind: CallKind) throws(InvocationError) -> any AppChannel {
        guard let channel else {
            throw InvocationError(.noAppChannel, "the app \(address.appID) has no port to be called at")
        }
        guard health?.acceptsCalls ?? true else {
            throw InvocationError(.appUnhealthy, "the app \(address.appID) is not healthy")
        }
        guard kind == .invocation || channel.appProtocol.isGRPC else {
            throw InvocationError(
                .protocolMismatch, "the app \(address.appID) speaks \(channel.appProtocol.rawValue), and the call needs gRPC")
        }
        return channel
    }
}

extension LocalApp: CallOwner {
    public func callFailed(_ call: StreamedCall, _ error: InvocationError, hasTakenBody: Bool) -> Bool { false }

    public func callEnded(_ call: StreamedCall, failure: InvocationError?) {
        gate?.leave()
        observer.callEnded(call.report(.app, callee: address.appID, failure: failure))
    }
}
