import MechaCore
import MechaTelemetry

extension AppRuntime {
    /// Makes a call to a component and counts it with its outcome and time. What the component throws
    /// becomes `failure`'s error; an error of the runtime itself passes as it is.
    func measuring<Operation: ComponentCall, Value>(
        _ calls: ComponentCallMetrics<Operation>.Component, _ operation: Operation, _ body: () async throws -> Value,
        failure: (any Error) -> RuntimeError
    ) async throws -> Value {
        let started = clock.monotonicNanoseconds()
        do {
            let value = try await body()
            calls.record(operation, success: true, nanoseconds: clock.monotonicNanoseconds() - started)
            return value
        } catch {
            calls.record(operation, success: false, nanoseconds: clock.monotonicNanoseconds() - started)
            if let error = error as? RuntimeError { throw error }
            throw failure(error)
        }
    }
}
