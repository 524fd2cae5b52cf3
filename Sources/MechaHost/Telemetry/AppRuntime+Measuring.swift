import MechaCore
import MechaPolicies
import MechaTelemetry

extension AppRuntime {
    /// Makes a call to a component under its policy, and counts it, retries and all, with its outcome and
    /// time. What the component throws
    /// becomes `failure`'s error; an error of the runtime itself passes as it is.
    func measuring<Operation: ComponentCall, Value: Sendable>(
        _ calls: ComponentCallMetrics<Operation>.Component, _ operation: Operation, under policy: Policy?,
        _ body: @escaping @Sendable () async throws -> Value,
        failure: (any Error) -> RuntimeError
    ) async throws -> Value {
        let started = clock.monotonicNanoseconds()
        do {
            let value = if let policy { try await Self.run(body, under: policy) } else { try await body() }
            calls.record(operation, success: true, nanoseconds: clock.monotonicNanoseconds() - started)
            return value
        } catch {
            calls.record(operation, success: false, nanoseconds: clock.monotonicNanoseconds() - started)
            throw Self.report(error, failure)
        }
    }

    @inline(never)
    private static func report(_ error: any Error, _ failure: (any Error) -> RuntimeError) -> RuntimeError {
        error as? RuntimeError ?? failure(error)
    }

    /// Apart, so that calls without a policy do not carry the frame of those with one.
    @inline(never)
    private static func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value, under policy: Policy) async throws
        -> Value
    {
        try await policy.run(body)
    }
}
