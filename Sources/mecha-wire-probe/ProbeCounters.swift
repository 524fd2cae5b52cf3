import MechaWire
import Synchronization

/// Counts what the listener reports and what the service has under way.
final class ProbeCounters: WireObserver {
    private struct Counts {
        var limits: [WireLimits.Name: Int] = [:]
        var opened = 0
        var closed = 0
        var exchanges = 0
    }

    private let counts = Mutex(Counts())

    func limitExceeded(_ limit: WireLimits.Name) { counts.withLock { $0.limits[limit, default: 0] += 1 } }
    func connectionOpened(isInbound: Bool) { counts.withLock { $0.opened += 1 } }
    func connectionClosed(isInbound: Bool) { counts.withLock { $0.closed += 1 } }
    func exchangeBegan() { counts.withLock { $0.exchanges += 1 } }
    func exchangeEnded() { counts.withLock { $0.exchanges -= 1 } }

    /// One line: open connections, handlers still running, limits that were hit.
    var summary: String {
        counts.withLock { counts in
            let limits = counts.limits.sorted { $0.key.rawValue < $1.key.rawValue }.map { " \($0.key.rawValue)=\($0.value)" }
            return "open=\(counts.opened - counts.closed) running=\(counts.exchanges)" + limits.joined()
        }
    }
}
