import MechaCore
import MechaWire
import NIOCore
import Synchronization

/// Probes an app as long as it runs and keeps what is believed of it.
public final class AppHealthMonitor: Sendable {
    /// Between two looks at a port that nobody listens at yet; grows from the first to the second.
    private static let portInterval = (first: Duration.milliseconds(50), last: Duration.seconds(1))
    private static let portTimeout = TimeAmount.milliseconds(500)

    private let app: AppAddress
    private let channel: any AppChannel
    private let options: AppProbeOptions
    private let clock: any MechaClock
    private let observer: any InvocationObserver
    private let accepts: Atomic<Bool>
    private let guarded: Mutex<Guarded>

    private struct Guarded {
        var state: AppHealthState
        var watchers: [Int: AsyncStream<Bool>.Continuation] = [:]
        var nextWatcher = 0
    }

    init(
        app: AppAddress, channel: any AppChannel, options: AppProbeOptions, clock: any MechaClock, observer: any InvocationObserver
    ) {
        let state = AppHealthState(threshold: options.isEnabled ? options.threshold : nil)
        self.app = app
        self.channel = channel
        self.options = options
        self.clock = clock
        self.observer = observer
        self.accepts = Atomic(state.acceptsCalls)
        self.guarded = Mutex(Guarded(state: state))
    }

    /// Whether calls are let through to the app. Read for every call; takes no lock.
    public var acceptsCalls: Bool { accepts.load(ordering: .relaxed) }

    public var isHealthy: Bool { guarded.withLock { $0.state.isHealthy } }

    /// Probes until cancelled, or until there is nothing left to find out.
    public func run() async {
        var portInterval = Self.portInterval.first
        while !Task.isCancelled, guarded.withLock({ $0.state.needsProbe }) {
            await probe()
            guard guarded.withLock({ $0.state.needsProbe }) else { return }
            let pause = options.isEnabled ? options.interval : portInterval
            portInterval = min(portInterval * 2, Self.portInterval.last)
            do { try await clock.sleep(for: pause) } catch { return }
        }
    }

    private func probe() async {
        guard options.isEnabled else {
            return note(isHealthy: await channel.isReachable(timeout: Self.portTimeout))
        }
        let start = clock.monotonicNanoseconds()
        let status = await channel.probe(path: options.path, timeout: .nanoseconds(options.timeout.wholeNanoseconds))
        if Task.isCancelled { return }
        let isHealthy = status.map { $0 / 100 == 2 } ?? false
        observer.appProbed(
            app, isHealthy: isHealthy, status: status ?? 0, nanoseconds: clock.monotonicNanoseconds() - start)
        note(isHealthy: isHealthy)
    }

    /// Takes in what a probe, or somebody else who knows, found.
    func note(isHealthy: Bool) {
        let (change, watchers, isLast) = guarded.withLock { guarded in
            let change = guarded.state.probed(isHealthy: isHealthy)
            accepts.store(guarded.state.acceptsCalls, ordering: .relaxed)
            return (change, change == .none ? [] : Array(guarded.watchers.values), !guarded.state.needsProbe)
        }
        guard change != .none else { return }
        observer.appHealthChanged(app, isHealthy: change == .becameHealthy)
        for watcher in watchers {
            watcher.yield(change == .becameHealthy)
            if isLast { watcher.finish() }
        }
    }

    /// Whether the app is healthy: now, and after every change; a slow reader sees the latest only. Ends when nothing
    /// can change any more.
    public func changes() -> AsyncStream<Bool> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let number = guarded.withLock { guarded -> Int? in
                continuation.yield(guarded.state.isHealthy)
                guard guarded.state.needsProbe else { return nil }
                defer { guarded.nextWatcher += 1 }
                guarded.watchers[guarded.nextWatcher] = continuation
                return guarded.nextWatcher
            }
            guard let number else { return continuation.finish() }
            continuation.onTermination = { [self] _ in
                guarded.withLock { _ = $0.watchers.removeValue(forKey: number) }
            }
        }
    }
}
