import CWasmtime
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension WasmStore {
    /// Runs a call to its end.
    func drive(_ future: OpaquePointer?) async throws(WasmError) {
        guard let future else {
            isUsable = false
            throw WasmError(.unavailable, "wasmtime makes no call")
        }
        begin()
        while !runStretch(of: future) {
            if pending != nil {
                guard await waitForHost() else { throw abandon(future, "the call waited for the host when its time was over") }
            } else {
                guard !engine.isEnding else { throw abandon(future, "the call ran when the process ended") }
                await Self.giveWay()
            }
        }
        wasmtime_call_future_delete(future)
        try check()
    }

    // Apart, since what stands in an async function stays in its frame while the guest waits: with hundreds of guests that
    // wait, their frames are what the processor's caches are full of.

    @inline(never)
    private func begin() {
        if engine.options.metersFuel { fillUp() }
        newPages = 0
        wasmtime_context_set_epoch_deadline(context, 1)
    }

    /// Lets the guest run until it waits, gives way or is done; true when it is done.
    @inline(never)
    private func runStretch(of future: OpaquePointer) -> Bool {
        let ticker = engine.ticker
        ticker.enter()
        slice = Slice(startedAt: monotonicNanoseconds())
        let isDone = poll(future)
        budget.cpuNanoseconds += slice.nanoseconds()
        ticker.leave()
        return isDone
    }

    /// Lets the operation that the guest waits for come to its end; false when its time was over before.
    @inline(never)
    private func waitForHost() async -> Bool {
        guard let operation = pendingOperation, let completion = await Rendezvous.run(operation, until: budget.deadline) else {
            return false
        }
        settle(completion)
        return true
    }

    private var pendingOperation: (@Sendable () async -> PendingHostCall.Completion)? {
        @inline(never) get { pending?.operation }
    }

    @inline(never)
    private func settle(_ completion: PendingHostCall.Completion) { pending?.completion = completion }

    /// Unwinds the guest; what an operation still does that it waited for concerns nobody.
    @inline(never)
    private func abandon(_ future: OpaquePointer, _ message: String) -> WasmError {
        pending = nil
        isUsable = false
        wasmtime_call_future_delete(future)
        if engine.options.metersFuel { countFuel() }
        return WasmError(.deadline, message)
    }

    private func poll(_ future: OpaquePointer) -> Bool {
        guard engine.options.runsComponents else { return wasmtime_call_future_poll(future) }
        let before = pagesOfThread()
        defer { newPages += pagesOfThread() - before }
        return wasmtime_call_future_poll(future)
    }

    /// Throws what the call that has just ended failed with.
    @inline(never)
    private func check() throws(WasmError) {
        if engine.options.metersFuel { countFuel() }
        if let error = takeFailure() { throw failure(error) }
    }

    // MARK: - Fuel

    /// Gives the guest what is left of its fuel.
    private func fillUp() {
        // The library counts in signed numbers.
        fuelGiven = min(budget.fuelAtMost - min(budget.fuel, budget.fuelAtMost), UInt64(Int64.max))
        if let error = wasmtime_context_set_fuel(context, fuelGiven) { wasmtime_error_delete(error) }
    }

    private func countFuel() {
        var left: UInt64 = 0
        if let error = wasmtime_context_get_fuel(context, &left) { return wasmtime_error_delete(error) }
        budget.fuel += fuelGiven - min(left, fuelGiven)
    }

    private func failure(_ error: WasmError) -> WasmError {
        isUsable = false
        pending = nil
        var error = error
        if let stopped {
            error.code = stopped
            error.message = stopped == .deadline ? "the call ran when its time was over" : "the call used more processor time than allowed"
        } else if let cause = hostFailure {
            error.cause = cause
            if let nested = cause as? WasmError, nested.code != .trapped { error.code = nested.code }
        }
        return error
    }

    // MARK: - Waiting

    /// On the guest's stack: writes what the host function came to; false while it is under way.
    func finishHostCall() -> Bool {
        guard let call = pending, let completion = call.completion else { return false }
        pending = nil
        call.finish(completion, in: self)
        return true
    }

    // MARK: - Time

    /// A stretch of time in which the guest runs.
    struct Slice {
        var startedAt: UInt64
        /// The thread's processor time and the clock when the first millisecond was over. Before, the clock is good
        /// enough; asking for processor time costs twenty times as much.
        var firstTick: (cpu: UInt64, clock: UInt64)?

        func nanoseconds() -> UInt64 {
            guard let firstTick else { return monotonicNanoseconds() &- startedAt }
            return firstTick.clock &- startedAt &+ cpuNanosecondsOfThread() &- firstTick.cpu
        }
    }

    /// The library asks at each tick, while the guest runs.
    static let deadlineReached: mecha_wasmtime_deadline_callback_t = { _, data, delta, kind in
        guard let data, let delta, let kind else { return nil }
        return Unmanaged<WasmStore>.fromOpaque(data)._withUnsafeGuaranteedRef { instance -> OpaquePointer? in
            delta.pointee = 1
            if let reason = instance.ticked() {
                instance.stopped = reason
                return wasmtime_error_new("the call's time is over")
            }
            // A guest function that a host function called cannot be put aside.
            kind.pointee = UInt8(instance.nesting == 0 ? MECHA_WASMTIME_DEADLINE_YIELD : MECHA_WASMTIME_DEADLINE_CONTINUE)
            return nil
        }
    }

    private func ticked() -> WasmError.Code? {
        if slice.firstTick == nil { slice.firstTick = (cpuNanosecondsOfThread(), monotonicNanoseconds()) }
        if budget.cpuNanoseconds + slice.nanoseconds() > budget.cpuNanosecondsAtMost { return .outOfProcessorTime }
        if let deadline = budget.deadline, deadline <= .now() { return .deadline }
        return nil
    }
}

private func monotonicNanoseconds() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

private func cpuNanosecondsOfThread() -> UInt64 { nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Pages that the thread was given so far.
private func pagesOfThread() -> Int {
    #if os(Linux)
    var usage = rusage()
    // RUSAGE_THREAD, which is a macro of GNU's.
    getrusage(__rusage_who_t(1), &usage)
    return Int(usage.ru_minflt)
    #else
    return 0
    #endif
}
