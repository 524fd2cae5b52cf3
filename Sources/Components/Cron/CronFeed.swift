import MechaCore
import Synchronization

/// The ticks of one schedule.
final class CronFeed: MessageFeed {
    /// The wall clock may be set meanwhile: it is looked at again at least this often.
    private static let longestSleep = Duration.seconds(30)

    /// A tick that comes this late was held up by more than a busy machine.
    private static let jump = Duration.seconds(1)

    private struct State {
        var isPaused = false
        var underWay = 0
        var ticker: Task<Void, Never>?
        var onIdle: [CheckedContinuation<Void, Never>] = []
    }

    private let binding: CronBinding
    private let handler: BindingHandler
    private let state = Mutex(State())

    init(_ binding: CronBinding, _ handler: @escaping BindingHandler) {
        self.binding = binding
        self.handler = handler
        let ticker = Task { [self] in await run() }
        state.withLock { $0.ticker = ticker }
    }

    private func run() async {
        let clock = binding.clock
        var last = clock.now()
        var repetitions = binding.schedule.repetitions ?? .max
        while !Task.isCancelled, repetitions > 0, let due = binding.schedule.next(after: last) {
            do {
                while case let now = clock.now(), now < due {
                    let rest = Duration.nanoseconds(due.nanosecondsSinceEpoch - now.nanosecondsSinceEpoch)
                    try await clock.sleep(for: min(rest, Self.longestSleep))
                }
            } catch {
                return
            }
            // Counted from when it was due, or an interval would drift; after a jump ahead the times in between are gone.
            let now = clock.now()
            last = now < due + Self.jump ? due : now
            repetitions -= 1
            tick(at: now)
        }
    }

    private func tick(at moment: Timestamp) {
        let mayRun = state.withLock { state in
            if state.isPaused || state.underWay >= CronBinding.maximumUnderWay { return false }
            state.underWay += 1
            return true
        }
        guard mayRun else { return binding.logger.warning("a tick of the schedule is left out: the app is away or still busy") }
        Task { [self] in
            _ = await handler(BindingEvent(metadata: ["readTimeUTC": moment.rfc3339, "timeZone": binding.timeZone]))
            let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.underWay -= 1
                guard state.underWay == 0 else { return [] }
                defer { state.onIdle = [] }
                return state.onIdle
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    func pause() async { state.withLock { $0.isPaused = true } }

    func resume() async { state.withLock { $0.isPaused = false } }

    func close() async {
        let ticker = state.withLock { state in
            state.isPaused = true
            return state.ticker
        }
        ticker?.cancel()
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.underWay > 0 { state.onIdle.append(continuation) }
                return state.underWay == 0
            }
            if isIdle { continuation.resume() }
        }
    }
}
