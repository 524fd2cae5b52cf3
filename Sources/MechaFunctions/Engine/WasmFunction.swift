import Logging
import MechaCore
import MechaInvocation
import MechaWasm
import NIOCore
import Synchronization

/// A revision that runs: its instances, and the calls that wait for one.
final class WasmFunction: LoadedFunction {
    private let context: FunctionContext
    private let source: any GuestSource
    private let slots: InstanceSlots
    private let gate: CallGate
    private let meter = UsageMeter()

    private struct State {
        /// The one that was used last comes last, so that those beyond need go cold.
        var idle: [FunctionGuest] = []
        var live = 0
        var lastCall = NIODeadline.now()
        var isClosed = false
        var routeID: String?
        var sweeper: Task<Void, Never>?
        /// Runs what is to happen without a request (proxy-wasm's timers).
        var background: FunctionGuest?
        var backgroundTask: Task<Void, Never>?
    }

    private let state = Mutex(State())

    init(_ context: FunctionContext, source: any GuestSource, slots: InstanceSlots) {
        self.context = context
        self.source = source
        self.slots = slots
        gate = CallGate(limit: context.limits.concurrency, waitingAtMost: context.limits.queue)
    }

    var revision: FunctionRevision { context.revision }
    var usage: FunctionUsage { meter.usage }
    var instances: Int { state.withLock { $0.live } }
    /// What the guest answered to `proxy_get_id`.
    var routeID: String? { state.withLock { $0.routeID } }

    // MARK: - Life

    /// Runs the guest's `start`, and makes the instances that are to stand ready.
    func start() async throws(FunctionError) {
        let guest = try await make(until: .now() + .milliseconds(Int64(context.limits.wallMilliseconds)))
        do throws(WasmError) {
            try await guest.start()
        } catch {
            let failure = FunctionError(error, limits: context.limits, memoryBytes: guest.store.neededBytes)
            log(failure, "start")
            drop(guest)
            throw failure
        }
        state.withLock { $0.routeID = guest.routeID }
        if let interval = guest.tickMilliseconds {
            runInBackground(guest, every: interval)
        } else {
            drop(guest)
        }
        do throws(FunctionError) {
            for _ in 0..<minimumInstances {
                let guest = try await make(until: .now() + .milliseconds(Int64(context.limits.wallMilliseconds)))
                state.withLock { $0.idle.append(guest) }
            }
        } catch {
            // It has started, so it also ends; those that were made give their places back.
            await close()
            throw error
        }
    }

    func close() async {
        let (idle, sweeper, background) = state.withLock { state in
            state.isClosed = true
            return (take(&state.idle), state.sweeper.take(), state.backgroundTask.take())
        }
        slots.remove(self)
        sweeper?.cancel()
        background?.cancel()
        await background?.value
        // Calls that run put nothing back any more; whoever closes has sent its calls elsewhere.
        for guest in idle { await end(guest) }
        if let guest = state.withLock({ $0.background.take() }) { await end(guest) }
        while gate.load > 0 { try? await Task.sleep(for: .milliseconds(5)) }
        guard source.hasDestroy else { return }
        do throws(FunctionError) {
            let guest = try await make(until: .now() + .milliseconds(Int64(context.limits.wallMilliseconds)))
            defer { drop(guest) }
            do throws(WasmError) {
                try await guest.destroy()
            } catch {
                throw FunctionError(error, limits: context.limits, memoryBytes: guest.store.neededBytes)
            }
        } catch {
            log(error, "destroy")
        }
    }

    private var minimumInstances: Int { min(context.revision.scaling.minimumInstances, context.limits.concurrency) }

    private func take(_ guests: inout [FunctionGuest]) -> [FunctionGuest] {
        defer { guests = [] }
        return guests
    }

    // MARK: - Calls

    func handle(_ call: BufferedCall, deadline: NIODeadline?) async throws(FunctionError) {
        let started = NIODeadline.now()
        let deadline = try limit(call, deadline, started)
        try await gate.enter(until: deadline)
        defer { gate.leave() }
        let guest = try await takeGuest(until: deadline)
        do throws(WasmError) {
            try await guest.handle(call)
            account(guest, started, call, hasFailed: false)
        } catch {
            throw failed(guest, started, call, error)
        }
    }

    // Parts of a call that stand apart because what is in an async function stays in its frame while the guest runs.

    /// When the call is over; throws when the request is too large.
    @inline(never)
    private func limit(_ call: BufferedCall, _ deadline: NIODeadline?, _ started: NIODeadline) throws(FunctionError) -> NIODeadline {
        let limits = context.limits
        let bytes = call.request.body.readableBytes
        guard bytes <= limits.requestBytes else {
            throw FunctionError(.requestTooLarge, "the request has \(bytes) bytes; the function takes \(limits.requestBytes)")
        }
        let ownDeadline = started + .milliseconds(Int64(limits.wallMilliseconds))
        return min(deadline ?? ownDeadline, ownDeadline)
    }

    /// Counts what a call used, and puts its instance back.
    @inline(never)
    private func account(_ guest: FunctionGuest, _ started: NIODeadline, _ call: BufferedCall, hasFailed: Bool) {
        var usage = FunctionUsage()
        usage.calls = 1
        usage.requestBytes = UInt64(call.request.body.readableBytes)
        usage.responseBytes = hasFailed ? 0 : UInt64(call.response.body.readableBytes)
        usage.failures = hasFailed ? 1 : 0
        usage.cpuNanoseconds = guest.store.budget.cpuNanoseconds
        usage.fuel = guest.store.budget.fuel
        meter.add(
            usage, memoryBytes: guest.memoryBytes, nanoseconds: UInt64(max(0, (NIODeadline.now() - started).nanoseconds)))
        finish(guest)
    }

    @inline(never)
    private func failed(_ guest: FunctionGuest, _ started: NIODeadline, _ call: BufferedCall, _ error: WasmError) -> FunctionError {
        let failure = FunctionError(error, limits: context.limits, memoryBytes: guest.store.neededBytes)
        log(failure, "handle")
        account(guest, started, call, hasFailed: true)
        return failure
    }

    // MARK: - Requests in parts

    /// An instance for a request that comes in parts; ``giveBack(_:after:failed:)`` must follow.
    func borrow() async throws(FunctionError) -> FunctionGuest {
        let deadline = NIODeadline.now() + .milliseconds(Int64(context.limits.wallMilliseconds))
        try await gate.enter(until: deadline)
        do throws(FunctionError) {
            return try await takeGuest(until: deadline)
        } catch {
            gate.leave()
            throw error
        }
    }

    /// - Parameter failed: whether the request came to no good end, so that nobody knows what the instance still thinks of it.
    func giveBack(_ guest: FunctionGuest, after started: NIODeadline, failed: Bool) {
        var usage = FunctionUsage()
        usage.calls = 1
        usage.failures = failed ? 1 : 0
        usage.cpuNanoseconds = guest.store.budget.cpuNanoseconds
        usage.fuel = guest.store.budget.fuel
        meter.add(
            usage, memoryBytes: guest.memoryBytes, nanoseconds: UInt64(max(0, (NIODeadline.now() - started).nanoseconds)))
        if failed { replace(guest) } else { finish(guest) }
        gate.leave()
    }

    /// Wall time begins anew for a further part, processor time does not.
    func newBudget(goingOnFrom old: WasmBudget) -> WasmBudget {
        var budget = old
        budget.deadline = NIODeadline.now() + .milliseconds(Int64(context.limits.wallMilliseconds))
        return budget
    }

    /// What went wrong in a part, which is logged.
    func failure(_ error: WasmError, _ guest: FunctionGuest) -> FunctionError {
        let failure = FunctionError(error, limits: context.limits, memoryBytes: guest.store.memoryBytes)
        log(failure, "a filter")
        return failure
    }

    /// Metrics that guests keep.
    var guestMetrics: [GuestMetric] { context.shared.metricValues }

    private func log(_ failure: FunctionError, _ during: String) {
        let stack = failure.stack.isEmpty ? "" : " in \(failure.stack.joined(separator: " < "))"
        context.logger.error("\(during) failed: \(failure.message)\(stack)", metadata: ["code": "\(failure.code.rawValue)"])
    }

    // MARK: - Instances

    private func takeGuest(until deadline: NIODeadline) async throws(FunctionError) -> FunctionGuest {
        let idle: FunctionGuest? = try state.withLock { state throws(FunctionError) in
            guard !state.isClosed else { throw FunctionError(.closed, "this revision of the function is gone") }
            state.lastCall = .now()
            return state.idle.popLast()
        }
        guard let idle else { return try await make(until: deadline) }
        idle.store.budget = budget(until: deadline)
        return idle
    }

    private func budget(until deadline: NIODeadline) -> WasmBudget {
        WasmBudget(
            cpuNanosecondsAtMost: UInt64(max(1, context.limits.cpuMilliseconds)) * 1_000_000, deadline: deadline,
            fuelAtMost: context.limits.fuel > 0 ? UInt64(context.limits.fuel) : .max)
    }

    /// A new instance that has been set up, under a budget that its first call goes on with.
    private func make(until deadline: NIODeadline) async throws(FunctionError) -> FunctionGuest {
        let slot = try await slots.take(until: deadline)
        state.withLock { $0.live += 1 }
        do throws(WasmError) {
            return try await source.makeGuest(context: context, slot: slot, budget: budget(until: deadline))
        } catch {
            state.withLock { $0.live -= 1 }
            let failure = FunctionError(error, limits: context.limits)
            log(failure, "making an instance")
            throw failure
        }
    }

    /// Puts an instance back for the next call, or ends it.
    private func finish(_ guest: FunctionGuest) {
        guest.servedRequests += 1
        guard isReusable(guest), !slots.isContended else { return replace(guest) }
        let isKept = state.withLock { state in
            guard !state.isClosed else { return false }
            state.idle.append(guest)
            if state.sweeper == nil { state.sweeper = Task.detached { [weak self] in await self?.sweep() } }
            return true
        }
        if !isKept { drop(guest) }
    }

    private func isReusable(_ guest: FunctionGuest) -> Bool {
        let scaling = context.revision.scaling
        let memoryLimit = scaling.maximumMemoryBytes > 0 ? scaling.maximumMemoryBytes : context.limits.memoryBytes
        return scaling.isolation == .reused && guest.store.isUsable && guest.servedRequests < scaling.maximumRequests
            && guest.store.memoryBytes <= memoryLimit
    }

    /// Ends a used instance; where some are to stand ready, a new one takes its place.
    private func replace(_ guest: FunctionGuest) {
        drop(guest)
        guard minimumInstances > 0, state.withLock({ !$0.isClosed && $0.idle.count < minimumInstances }) else { return }
        Task.detached { [self] in
            guard let fresh = try? await make(until: .now() + .milliseconds(Int64(context.limits.wallMilliseconds))) else { return }
            let isWanted = state.withLock { state in
                guard !state.isClosed, state.idle.count < minimumInstances else { return false }
                state.idle.append(fresh)
                return true
            }
            if !isWanted { drop(fresh) }
        }
    }

    /// Lets the guest end in order, where it is in order.
    private func end(_ guest: FunctionGuest) async {
        if guest.store.isUsable {
            guest.store.budget = budget(until: .now() + .milliseconds(Int64(context.limits.wallMilliseconds)))
            try? await guest.end()
        }
        drop(guest)
    }

    private func drop(_ guest: FunctionGuest) {
        guest.free()
        state.withLock { $0.live -= 1 }
    }

    /// For others of the process that have none; false when there is none here.
    func dropIdleInstance() -> Bool {
        guard let guest = state.withLock({ $0.idle.isEmpty ? nil : $0.idle.removeFirst() }) else { return false }
        drop(guest)
        return true
    }

    /// Frees what has not been needed for long, and ends when nothing is left to free.
    private func sweep() async {
        let idle = max(1, context.revision.scaling.idleMilliseconds)
        let clock = context.runtime.host.clock
        while !Task.isCancelled {
            try? await clock.sleep(for: .milliseconds(idle))
            let (surplus, isDone): ([FunctionGuest], Bool) = state.withLock { state in
                guard !state.isClosed else { return ([], true) }
                let isQuiet = NIODeadline.now() - state.lastCall >= .milliseconds(Int64(idle))
                guard isQuiet else { return ([], false) }
                let surplus = Array(state.idle.prefix(max(0, state.idle.count - minimumInstances)))
                state.idle.removeFirst(surplus.count)
                state.sweeper = nil
                return (surplus, true)
            }
            for guest in surplus { await end(guest) }
            if isDone { return }
        }
    }

    // MARK: - Without requests

    /// False when the guest failed and is gone.
    private func tick(_ guest: FunctionGuest) async -> Bool {
        guest.store.budget = budget(until: .now() + .milliseconds(Int64(context.limits.wallMilliseconds)))
        do throws(WasmError) {
            try await guest.tick()
            return true
        } catch {
            log(FunctionError(error, limits: context.limits, memoryBytes: guest.store.neededBytes), "the timer")
            if state.withLock({ $0.background.take() }) != nil { drop(guest) }
            return false
        }
    }

    private func runInBackground(_ guest: FunctionGuest, every milliseconds: Int) {
        let clock = context.runtime.host.clock
        state.withLock { state in
            state.background = guest
            state.backgroundTask = Task.detached { [weak self] in
                while !Task.isCancelled {
                    try? await clock.sleep(for: .milliseconds(milliseconds))
                    guard !Task.isCancelled, let self, await tick(guest) else { return }
                }
            }
        }
    }
}
