import NIOCore

/// Timers of one loop for deadlines that nearly always are cancelled: starting and cancelling one costs the same
/// however many there are.
///
/// A hashed wheel: deadlines are rounded up to the next tick and hang in the slot of that tick, in a list of their
/// own. The loop's own timer is set for the next slot that holds anything, so that no tick comes when none is
/// waited for. Lives on its loop; hence the unchecked Sendable.
public final class LoopTimers: @unchecked Sendable {
    /// How late a timer may be.
    static let tick = TimeAmount.milliseconds(10)
    /// Shorter waits are left to the loop's own timers, which are exact.
    static let exactBelow = TimeAmount.milliseconds(200)
    private static let slotCount = 1_024

    fileprivate let loop: any EventLoop
    private let origin: NIODeadline
    /// First timer of each slot. Made when there is a first timer.
    private var slots: [LoopTimer?] = []
    private var count = 0
    /// Ticks up to here have been looked at.
    private var current: Int64 = 0
    private var alarm: (task: Scheduled<Void>, tick: Int64)?

    init(loop: any EventLoop) {
        self.loop = loop
        origin = loop.now
    }

    /// Calls `action` once, on the loop, when `delay` has passed, unless the timer is cancelled before. On the loop.
    @discardableResult
    public func start(after delay: TimeAmount, _ action: @escaping @Sendable () -> Void) -> LoopTimer {
        let now = loop.now
        return start(at: now + delay, now: now, action)
    }

    /// The same for a point in time.
    @discardableResult
    public func start(at deadline: NIODeadline, _ action: @escaping @Sendable () -> Void) -> LoopTimer {
        start(at: deadline, now: loop.now, action)
    }

    private func start(at deadline: NIODeadline, now: NIODeadline, _ action: @escaping @Sendable () -> Void) -> LoopTimer {
        let timer = ActionTimer(action)
        start(timer, at: deadline, now: now)
        return timer
    }

    /// Starts a timer that is not waiting. On the loop.
    ///
    /// - Parameter now: the time, as far as it is known already; a little ago will do.
    public func start(_ timer: LoopTimer, at deadline: NIODeadline, now: NIODeadline) {
        loop.assertInEventLoop()
        guard deadline - now >= Self.exactBelow else {
            timer.exact = loop.scheduleTask(deadline: deadline) { timer.fired() }
            return
        }
        if slots.isEmpty { slots = Array(repeating: nil, count: Self.slotCount) }
        if count == 0 { current = max(current, tick(of: now)) }
        // Not in a tick that has been looked at, should `now` be long ago.
        timer.due = max(current, (deadline - origin).nanoseconds / Self.tick.nanoseconds) + 1
        timer.wheel = self
        timer.exact = nil
        timer.phase = .waiting
        let slot = Int(timer.due % Int64(Self.slotCount))
        timer.next = slots[slot]
        timer.next?.previous = timer
        slots[slot] = timer
        count += 1
        if alarm.map({ timer.due < $0.tick }) ?? true { setAlarm(for: timer.due) }
    }

    private func tick(of time: NIODeadline) -> Int64 { (time - origin).nanoseconds / Self.tick.nanoseconds }

    private func setAlarm(for tick: Int64) {
        alarm?.task.cancel()
        let time = origin + TimeAmount.nanoseconds(tick * Self.tick.nanoseconds)
        alarm = (loop.scheduleTask(deadline: time) { [self] in ring() }, tick)
    }

    fileprivate func remove(_ timer: LoopTimer) {
        if let previous = timer.previous {
            previous.next = timer.next
        } else {
            slots[Int(timer.due % Int64(Self.slotCount))] = timer.next
        }
        timer.next?.previous = timer.previous
        timer.next = nil
        timer.previous = nil
        timer.phase = .idle
        count -= 1
    }

    /// Takes out what is due, sets the next alarm, and only then calls, because an action may start or cancel timers.
    private func ring() {
        alarm = nil
        let now = tick(of: loop.now)
        var due: [LoopTimer] = []
        // One turn of the wheel sees every slot.
        for tick in stride(from: max(current, now - Int64(Self.slotCount) + 1), through: now, by: 1) {
            var timer = slots[Int(tick % Int64(Self.slotCount))]
            while let candidate = timer {
                timer = candidate.next
                guard candidate.due <= now else { continue }
                remove(candidate)
                candidate.phase = .due
                due.append(candidate)
            }
        }
        current = now
        if count > 0 { setAlarm(for: nextOccupied(after: now)) }
        // One that an earlier one cancelled or started anew is not called.
        for timer in due where timer.phase == .due {
            timer.phase = .idle
            timer.fired()
        }
    }

    /// The next tick whose slot holds a timer, of this turn of the wheel or a later one.
    private func nextOccupied(after now: Int64) -> Int64 {
        for tick in (now + 1)...(now + Int64(Self.slotCount)) where slots[Int(tick % Int64(Self.slotCount))] != nil { return tick }
        return now + Int64(Self.slotCount)
    }
}

/// A timer of ``LoopTimers``. Lives on its loop.
///
/// What waits for a deadline of its own may be a subclass, so that waiting costs no allocation; while it waits the
/// wheel holds it.
open class LoopTimer: @unchecked Sendable {
    fileprivate enum Phase { case idle, waiting, due }

    fileprivate var due: Int64 = 0
    fileprivate var next: LoopTimer?
    /// The list owns its timers forwards; this side is only looked at while the other one is in the list.
    fileprivate unowned(unsafe) var previous: LoopTimer?
    /// Whether it hangs in the wheel, or was taken out to be called.
    fileprivate var phase = Phase.idle
    /// Set with the first wait.
    fileprivate var wheel: LoopTimers?
    fileprivate var exact: Scheduled<Void>?

    public init() {}

    /// The deadline has come. Called on the loop.
    open func fired() {}

    /// It is not called any more. Cancelling again, or after it was called, does nothing.
    ///
    /// From another thread it takes effect with the loop's next turn: who waits for a deadline may have been resumed
    /// elsewhere.
    public final func cancel() {
        if let exact { return exact.cancel() }
        guard let wheel else { return }
        guard wheel.loop.inEventLoop else { return wheel.loop.execute { self.cancel() } }
        guard phase == .waiting else {
            phase = .idle
            return
        }
        wheel.remove(self)
    }
}

/// A timer that calls a closure.
private final class ActionTimer: LoopTimer, @unchecked Sendable {
    private let action: @Sendable () -> Void

    init(_ action: @escaping @Sendable () -> Void) { self.action = action }

    override func fired() { action() }
}
