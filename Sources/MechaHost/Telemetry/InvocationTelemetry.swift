import MechaCore
import MechaInvocation
import MechaTelemetry

/// Counts an app's calls and probes under Dapr's names.
final class InvocationTelemetry: InvocationObserver {
    private let metrics: RuntimeMetrics

    init(_ metrics: RuntimeMetrics) { self.metrics = metrics }

    func callBegan(_ leg: CallLeg, caller: AppAddress?, callee: String, kind: CallKind) {
        guard leg == .peer else { return }
        metrics.invocation.peer(callee).requestSent(kind == .grpcProxy ? .streaming : .unary)
    }

    func callEnded(_ report: CallReport) {
        switch report.leg {
        case .peer:
            metrics.invocation.peer(report.callee).responseReceived(
                report.kind == .grpcProxy ? .streaming : .unary, status: report.status, nanoseconds: report.nanoseconds)
        case .app where report.kind == .invocation:
            metrics.httpClient.record(
                route: .unknown, path: report.target, verb: HTTPVerb(report.verb.rawValue), status: report.status,
                sentBytes: report.sentBytes, receivedBytes: report.receivedBytes, nanoseconds: report.nanoseconds)
        default: break
        }
    }

    func appProbed(_ app: AppAddress, isHealthy: Bool, status: Int, nanoseconds: UInt64) {
        metrics.healthProbes.recordHTTP(status: status, nanoseconds: nanoseconds)
    }

    func appHealthChanged(_ app: AppAddress, isHealthy: Bool) {}
}
