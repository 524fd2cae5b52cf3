import CWasmtime
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension WasmInstance {
    /// Calls an export under ``budget``; answers its result, 0 without one.
    ///
    /// Runs on the caller's event loop and lets go of it about every millisecond, and whenever a host function waits.
    /// After a throw the instance is of no use.
    package func call(_ function: WasmExport, _ arguments: [Int32] = [], hasResult: Bool) async throws(WasmError) -> Int32 {
        precondition(arguments.count <= CallFrame.argumentsAtMost)
        let start = UnsafeMutableRawPointer(frame).advanced(by: CallFrame.offsetOfArguments)
            .assumingMemoryBound(to: wasmtime_val_t.self)
        for (index, argument) in arguments.enumerated() {
            start[index].kind = WasmType.i32.rawValue
            start[index].of.i32 = argument
        }
        let result = UnsafeMutableRawPointer(frame).advanced(by: CallFrame.offsetOfResult).assumingMemoryBound(to: wasmtime_val_t.self)
        var pointer = function.pointer
        let future = wasmtime_func_call_async(
            context, &pointer, start, arguments.count, result, hasResult ? 1 : 0, &frame.pointee.trap, &frame.pointee.error)
        try await drive(future)
        return hasResult ? frame.pointee.result.of.i32 : 0
    }

    /// Calls an export from within a host function; it cannot wait, and a trap of it is one of the outer call.
    package func callNested(_ function: WasmExport, _ argument: UInt32) throws(WasmError) -> UInt32 {
        var raw = wasmtime_val_raw_t(i32: Int32(bitPattern: argument))
        var trap: OpaquePointer?
        var pointer = function.pointer
        nesting += 1
        let error = wasmtime_func_call_unchecked(context, &pointer, &raw, 1, &trap)
        nesting -= 1
        if let trap { throw WasmError(takingTrap: trap) }
        if let error { throw WasmError(.trapped, taking: error) }
        return UInt32(bitPattern: raw.i32)
    }

    /// Runs a call to its end.
    func drive(_ future: OpaquePointer?) async throws(WasmError) {
        guard let future else {
            isUsable = false
            throw WasmError(.unavailable, "wasmtime makes no call")
        }
        let ticker = template.module.engine.ticker
        wasmtime_context_set_epoch_deadline(context, 1)
        while true {
            ticker.enter()
            slice = Slice(startedAt: monotonicNanoseconds())
            let isDone = wasmtime_call_future_poll(future)
            budget.cpuNanoseconds += slice.nanoseconds()
            ticker.leave()
            if isDone { break }
            if let pending {
                guard let completion = await Rendezvous.run(pending.operation, until: budget.deadline) else {
                    // The guest is unwound; what the operation still does concerns nobody.
                    self.pending = nil
                    isUsable = false
                    wasmtime_call_future_delete(future)
                    throw WasmError(.deadline, "the call waited for the host when its time was over")
                }
                self.pending?.completion = completion
            } else {
                await Task.yield()
            }
        }
        wasmtime_call_future_delete(future)
        try check()
    }

    /// Throws what the call that has just ended failed with. Apart, since what stands in an async function stays in its
    /// frame while the guest runs.
    @inline(never)
    private func check() throws(WasmError) {
        if let trap = frame.pointee.trap.take() { throw failure(WasmError(takingTrap: trap)) }
        if let error = frame.pointee.error.take() { throw failure(WasmError(.trapped, taking: error)) }
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

    func wait(
        for operation: @escaping @Sendable () async -> WasmCompletion, _ box: HostFunctionBox,
        results: UnsafeMutablePointer<wasmtime_val_t>, trap: UnsafeMutablePointer<OpaquePointer?>?
    ) {
        pending = PendingHostCall(box: box, operation: operation, results: results, trap: trap)
    }

    /// On the guest's stack: writes what the host function came to; false while it is under way.
    func finishHostCall() -> Bool {
        guard let call = pending, let completion = call.completion else { return false }
        pending = nil
        do {
            call.results.pointee.of.i32 = try completion(self)
        } catch {
            call.trap?.pointee = call.box.trap(error, in: self)
        }
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
        return Unmanaged<WasmInstance>.fromOpaque(data)._withUnsafeGuaranteedRef { instance -> OpaquePointer? in
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
