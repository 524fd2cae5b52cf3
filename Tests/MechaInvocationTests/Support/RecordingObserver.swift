import MechaCore
import NIOHTTP1
import Synchronization

@testable import MechaInvocation

/// Keeps reports as text.
final class RecordingObserver: InvocationObserver {
    private let lines = Mutex<[String]>([])

    var log: [String] { lines.withLock { $0 } }

    func callBegan(_ leg: CallLeg, caller: AppAddress?, callee: String, kind: CallKind) {}

    func callEnded(_ report: CallReport) {
        let failure = report.failure.map { " \($0.code)" } ?? ""
        let line =
            "\(report.leg) \(report.caller?.appID ?? "-")->\(report.callee) \(report.verb) \(report.target) \(report.status) "
            + "\(report.sentBytes)/\(report.receivedBytes)\(failure)"
        lines.withLock { $0.append(line) }
    }

    func appProbed(_ app: AppAddress, isHealthy: Bool, status: Int, nanoseconds: UInt64) {}
    func appHealthChanged(_ app: AppAddress, isHealthy: Bool) {}
}
