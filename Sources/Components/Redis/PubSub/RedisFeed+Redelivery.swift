import MechaCore
import NIOCore

/// Messages that some consumer got and never acknowledged: found with `XPENDING` every `redeliverInterval`, taken
/// over with `XCLAIM` once they are older than `processingTimeout`.
extension RedisFeed {
    /// With one message in flight, none may overtake another, not even one that was refused.
    var mustKeepOrder: Bool {
        window.maximumInFlight == 1 && settings.processingTimeout != nil && settings.redeliverInterval != nil && !window.isClosed
    }

    /// Hands a refused message over again after `processingTimeout`, before any other.
    func retryInOrder(_ entry: RedisStreamEntry) {
        var again = entry
        again.attempt += 1
        window.refused(again)
        let pause = settings.processingTimeout ?? .zero
        loop.scheduleTask(in: .nanoseconds(pause.wholeNanoseconds)) { [self] in
            guard !window.isClosed else { return }
            // The server counts the attempt, and other consumers leave the message alone.
            call(.shared) { [topic, group] in
                $0.command("XCLAIM", topic, group, group, "0", entry.id.text)
            } then: { [self] _ in
                window.goOn()
                handOver()
            }
        }
    }

    /// A paused consumer leaves what it has not begun to the others of its group, unless order is wanted.
    func yieldToOthers() {
        unblockRead()
        guard !mustKeepOrder, !window.isClosed else { return }
        let entries = window.takeWaiting()
        for entry in entries { held.remove(entry.id) }
        giveBack(entries) {}
    }

    /// Starts with the first group that is there: what a former run of the app left is waiting.
    func beginSweeping() {
        guard timers.sweep == nil, settings.redeliverInterval != nil, settings.processingTimeout != nil else { return }
        runSweep()
        armSweep()
    }

    func armSweep() {
        guard let interval = settings.redeliverInterval, !window.isClosed else { return }
        timers.sweep = loop.scheduleTask(in: .nanoseconds(interval.wholeNanoseconds)) { [self] in
            runSweep()
            armSweep()
        }
    }

    func runSweep() {
        guard !sweep.isRunning, !window.isClosed, window.room > 0 else {
            sweep.isCutShort = window.room == 0
            return
        }
        sweep = SweepState(isRunning: true)
        look(from: nil)
    }

    func endSweep(cutShort: Bool = false) {
        sweep = SweepState(isRunning: false, isCutShort: cutShort)
        finishClosing()
    }

    /// Looks through one page of the pending messages.
    func look(from start: RedisStreamID?) {
        guard !window.isClosed else { return endSweep() }
        guard window.room > 0 else { return endSweep(cutShort: true) }
        let page = max(10, settings.queueDepth)
        call(.shared) { [topic, group] in
            $0.command("XPENDING", topic, group, start?.text ?? "-", "+", String(page))
        } then: { [self] outcome in
            guard let replies = try? outcome.get(), let pending = try? RedisStreamReplies.pending(replies), let last = pending.last else {
                return endSweep()
            }
            let limit = (settings.processingTimeout ?? .zero).wholeNanoseconds / 1_000_000
            let due = pending.filter { $0.idleMilliseconds >= limit && !held.contains($0.id) }
            let taken = due.prefix(window.room)
            let next = pending.count == page ? last.id.next : nil
            claim(Array(taken), limit) { [self] in
                if taken.count < due.count {
                    endSweep(cutShort: true)
                } else if let next {
                    look(from: next)
                } else {
                    endSweep()
                }
            }
        }
    }

    func claim(_ due: [RedisStreamReplies.Pending], _ idleMilliseconds: Int64, then goOn: @escaping @Sendable () -> Void) {
        guard !due.isEmpty else { return goOn() }
        call(.shared) { [topic, group] writer in
            writer.command(["XCLAIM", topic, group, group, String(idleMilliseconds)] + due.map(\.id.text))
        } then: { [self] outcome in
            let deliveries = Dictionary(due.map { ($0.id, $0.deliveries) }, uniquingKeysWith: max)
            guard let replies = try? outcome.get(),
                let entries = try? RedisStreamReplies.claimed(replies, deliveries: deliveries)
            else { return endSweep() }
            take(entries)
            if entries.count < due.count { forgetDeleted(Set(due.map(\.id)).subtracting(entries.map(\.id))) }
            goOn()
        }
    }

    /// Entries that were cut off the stream while they were pending stay pending for ever in servers before
    /// Redis 7; those are taken off here.
    func forgetDeleted(_ ids: Set<RedisStreamID>) {
        let ids = ids.sorted()
        call(.shared, replies: ids.count) { [topic] writer in
            for id in ids { writer.command("XRANGE", topic, id.text, id.text) }
        } then: { [self] outcome in
            guard let values = try? outcome.get().values(), values.count == ids.count else { return }
            for (id, value) in zip(ids, values) where value.elements?.isEmpty == true {
                held.insert(id)
                acknowledge(id)
            }
        }
    }
}
