import CWasmtime
import MechaCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Interrupts guests about every millisecond, so that none keeps a thread for itself.
///
/// Its thread is started by the first guest that runs and sleeps while none does.
final class EpochTicker: Sendable {
    private static let tickMicroseconds: useconds_t = 1_000
    /// Ticks without a running guest before the thread goes to sleep: waking it costs more than some ticks.
    private static let idleTicks = 50

    private let shared: Shared

    /// - Parameter engine: outlives this.
    init(_ engine: OpaquePointer) { shared = Shared(engine) }

    /// A guest begins to run on this thread.
    func enter() {
        shared.running.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if shared.sleeps.load(ordering: .sequentiallyConsistent) { shared.wake() }
    }

    /// It waits, or has ended.
    func leave() { shared.running.wrappingSubtract(1, ordering: .relaxed) }

    /// Ends the thread and waits for that.
    func stop() { shared.stop() }

    private final class Shared: @unchecked Sendable {
        private let engine: OpaquePointer
        let running = Atomic(0)
        /// Written under the monitor's lock only.
        let sleeps = Atomic(true)
        private let isStopped = Atomic(false)
        /// The thread, once there is one.
        private let monitor = Monitor<pthread_t?>(nil)

        init(_ engine: OpaquePointer) { self.engine = engine }

        func wake() {
            monitor.withLock { thread in
                guard sleeps.load(ordering: .relaxed), !isStopped.load(ordering: .relaxed) else { return }
                sleeps.store(false, ordering: .sequentiallyConsistent)
                if thread == nil { thread = start() }
            }
            monitor.notify()
        }

        private func start() -> pthread_t? {
            var thread = pthread_t()
            let failure = pthread_create(
                &thread, nil,
                { context in
                    if let context { Unmanaged<Shared>.fromOpaque(context).takeRetainedValue().run() }
                    return nil
                }, Unmanaged.passRetained(self).toOpaque())
            if failure == 0 { return thread }
            Unmanaged.passUnretained(self).release()
            sleeps.store(true, ordering: .sequentiallyConsistent)
            return nil
        }

        private func run() {
            var idle = 0
            while !isStopped.load(ordering: .relaxed) {
                usleep(EpochTicker.tickMicroseconds)
                if running.load(ordering: .relaxed) > 0 {
                    wasmtime_engine_increment_epoch(engine)
                    idle = 0
                    continue
                }
                idle += 1
                if idle < EpochTicker.idleTicks { continue }
                monitor.withLock { _ in
                    sleeps.store(true, ordering: .sequentiallyConsistent)
                    // Who began to run before that was visible did not wake anybody.
                    if running.load(ordering: .sequentiallyConsistent) > 0 { sleeps.store(false, ordering: .sequentiallyConsistent) }
                }
                monitor.wait { _ in !sleeps.load(ordering: .relaxed) || isStopped.load(ordering: .relaxed) }
                idle = 0
            }
        }

        func stop() {
            let thread = monitor.withLock { thread in
                isStopped.store(true, ordering: .relaxed)
                return thread
            }
            monitor.notify()
            if let thread { pthread_join(thread, nil) }
        }
    }
}
