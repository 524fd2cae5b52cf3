import MechaCore
import NIOCore

/// The end: nothing new, then the answers of handlers under way to the server, then the rest back to it.
extension RedisFeed {
    func beginClose(_ continuation: UnsafeContinuation<Void, Never>) {
        guard !ending.isOver else { return continuation.resume() }
        ending.waiting.append(continuation)
        guard !window.isClosed else { return }
        ending.unhanded += window.close()
        timers.retry?.cancel()
        timers.sweep?.cancel()
        ending.isReadUnderWay = machine.isReading
        machine.close()
        if ending.isReadUnderWay { unblockRead() }
        finishClosing()
    }

    /// Ends the wait of a read that is with the server.
    func unblockRead() {
        guard let connectionID else { return }
        call(.shared) {
            $0.command("CLIENT", "UNBLOCK", String(connectionID))
        } then: { _ in
        }
    }

    func finishClosing() {
        guard window.isClosed, !ending.isOver, window.isIdle, !ending.isReadUnderWay, !sweep.isRunning,
            acknowledgements.isEmpty || ending.isGivingUpAcknowledgements
        else { return }
        ending.isOver = true
        giveBack(ending.unhanded) { [self] in
            home.release(lane)
            for continuation in ending.waiting { continuation.resume() }
            ending.waiting = []
        }
    }

    /// Makes messages that were not handed over look as if they had waited long enough, so that the next
    /// consumer takes them at once and counts no attempt.
    func giveBack(_ entries: [RedisStreamEntry], then goOn: @escaping @Sendable () -> Void) {
        guard !entries.isEmpty, let timeout = settings.processingTimeout else { return goOn() }
        let groups = Dictionary(grouping: entries, by: \.attempt)
        let idle = String(timeout.wholeNanoseconds / 1_000_000 + 1)
        call(.shared, replies: groups.count) { [topic, group] writer in
            for (attempt, entries) in groups {
                writer.command(
                    ["XCLAIM", topic, group, group, "0"] + entries.map(\.id.text)
                        + ["IDLE", idle, "RETRYCOUNT", String(attempt - 1), "JUSTID"])
            }
        } then: { _ in
            goOn()
        }
    }
}
