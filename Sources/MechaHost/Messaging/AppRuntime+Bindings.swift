import MechaCore
import MechaInvocation
import MechaTelemetry

extension AppRuntime {
    /// Asks an output binding for an operation.
    public func invokeBinding(_ name: String, _ request: BindingRequest, trace: TraceContext? = nil) async throws -> BindingResponse {
        let (binding, policy) = inForce { ($0.outputBindings[name], $0.outputPolicies[name]) }
        guard let binding else {
            throw RuntimeError(.binding, "error invoking output binding \(name): couldn't find output binding \(name)", resource: name)
        }
        guard !request.operation.isEmpty else {
            throw RuntimeError(.binding, "error invoking output binding \(name): operation field is missing from request", resource: name)
        }
        guard binding.operations.contains(request.operation) else {
            throw RuntimeError(
                .binding,
                "error invoking output binding \(name): binding \(name) does not support operation \(request.operation). supported operations:\(binding.operations.joined(separator: " "))",
                resource: name)
        }
        var request = request
        if let trace {
            request.metadata["traceparent"] = trace.traceparent
            if let state = trace.state { request.metadata["tracestate"] = state.text }
        }
        let started = clock.monotonicNanoseconds()
        let metrics = telemetry.metrics.outputBindings
        do {
            let response =
                if let policy {
                    try await policy.run { [request] in try await binding.invoke(request) }
                } else {
                    try await binding.invoke(request)
                }
            metrics.invoked(
                name, operation: request.operation, success: true, nanoseconds: clock.monotonicNanoseconds() - started)
            return response
        } catch {
            metrics.invoked(
                name, operation: request.operation, success: false, nanoseconds: clock.monotonicNanoseconds() - started)
            throw RuntimeError(.binding, "error invoking output binding \(name): \(describe(error))", resource: name, cause: error)
        }
    }

    /// Does what an app's answer to an event of an input binding asks for: state first, then other bindings.
    func follow(_ answer: BindingAnswer, of binding: String) async throws {
        if !answer.states.isEmpty, let store = answer.store {
            try await saveState(store: store, writes: answer.states)
        }
        guard !answer.destinations.isEmpty else { return }
        let request = BindingRequest(operation: "create", data: answer.data ?? .init())
        if answer.isParallel {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in answer.destinations { group.addTask { _ = try await self.invokeBinding(name, request) } }
                try await group.waitForAll()
            }
        } else {
            for name in answer.destinations { _ = try await invokeBinding(name, request) }
        }
    }
}
