#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Turns SIGINT, SIGTERM, SIGHUP and the signal of stop requests into calls on a thread of its own.
struct SignalWatcher: Sendable {
    private let signals: [Int32]

    /// Takes the signals over from here on; to be called before the process has a second thread, because
    /// threads inherit the mask. A SIGHUP that is ignored (`nohup`) stays ignored.
    init() {
        signals = [SIGINT, SIGTERM, SIGHUP, RunRecordStore.stopRequestSignal].filter { $0 != SIGHUP || !Self.isIgnored($0) }
        signal(SIGPIPE, SIG_IGN)
        var mask = set
        pthread_sigmask(SIG_BLOCK, &mask, nil)
    }

    /// Calls `report` for each signal that comes, those since `init` included.
    func start(_ report: @escaping @Sendable (Int32) -> Void) {
        let mask = set
        DetachedThread.start {
            var mask = mask
            while true {
                var number: Int32 = 0
                if sigwait(&mask, &number) == 0 { report(number) }
            }
        }
    }

    private var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals { sigaddset(&set, number) }
        return set
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        #if canImport(Glibc)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        #else
        return unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        #endif
    }
}
