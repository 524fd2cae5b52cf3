import CWasmtime
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
        let engine: OpaquePointer
        let running = Atomic(0)
        let sleeps = Atomic(true)
        let isStopped = Atomic(false)
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        // Under the mutex.
        private var thread: pthread_t?

        init(_ engine: OpaquePointer) {
            self.engine = engine
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(condition, nil)
        }

        deinit {
            pthread_cond_destroy(condition)
            pthread_mutex_destroy(mutex)
            condition.deallocate()
            mutex.deallocate()
        }

        func wake() {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            guard sleeps.load(ordering: .relaxed), !isStopped.load(ordering: .relaxed) else { return }
            sleeps.store(false, ordering: .sequentiallyConsistent)
            if thread == nil { start() } else { pthread_cond_signal(condition) }
        }

        private func start() {
            var thread = pthread_t()
            let failure = pthread_create(
                &thread, nil,
                { context in
                    if let context { Unmanaged<Shared>.fromOpaque(context).takeRetainedValue().run() }
                    return nil
                }, Unmanaged.passRetained(self).toOpaque())
            if failure == 0 {
                self.thread = thread
            } else {
                Unmanaged.passUnretained(self).release()
                sleeps.store(true, ordering: .sequentiallyConsistent)
            }
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
                pthread_mutex_lock(mutex)
                sleeps.store(true, ordering: .sequentiallyConsistent)
                // Who began to run before that was visible did not wake anybody.
                if running.load(ordering: .sequentiallyConsistent) > 0 { sleeps.store(false, ordering: .sequentiallyConsistent) }
                while sleeps.load(ordering: .relaxed), !isStopped.load(ordering: .relaxed) { pthread_cond_wait(condition, mutex) }
                pthread_mutex_unlock(mutex)
                idle = 0
            }
        }

        func stop() {
            pthread_mutex_lock(mutex)
            isStopped.store(true, ordering: .relaxed)
            let thread = thread
            pthread_cond_signal(condition)
            pthread_mutex_unlock(mutex)
            if let thread { pthread_join(thread, nil) }
        }
    }
}
