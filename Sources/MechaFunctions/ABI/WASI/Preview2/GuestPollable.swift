import MechaCore

/// What a component may wait for.
final class GuestPollable: Sendable {
    enum Event: Sendable {
        case ready
        /// A time of the clock that never runs backwards, in nanoseconds.
        case time(UInt64)
        case operation(HostOperation)
    }

    private let event: Event

    init(_ event: Event) { self.event = event }

    func isReady(_ clock: any MechaClock) -> Bool {
        switch event {
        case .ready: true
        case .time(let time): clock.monotonicNanoseconds() >= time
        case .operation(let operation): operation.isDone
        }
    }

    /// Until one of them is ready, or the task is cancelled.
    static func wait(for pollables: [GuestPollable], _ clock: any MechaClock) async {
        let any = HostOperation()
        var earliest: UInt64?
        for pollable in pollables {
            switch pollable.event {
            case .ready: return
            case .time(let time): earliest = min(time, earliest ?? .max)
            case .operation(let operation): operation.whenDone { any.finish() }
            }
        }
        let timer = earliest.map { time in
            Task {
                let now = clock.monotonicNanoseconds()
                if time > now { try? await clock.sleep(for: .nanoseconds(Int64(clamping: time - now))) }
                any.finish()
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in any.whenDone { continuation.resume() } }
        } onCancel: {
            any.finish()
        }
        timer?.cancel()
    }
}
