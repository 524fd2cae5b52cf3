import MechaCore
import MechaPolicies

extension Policy {
    /// Makes a call to a component under the policy.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await run(judgedBy: Self.judge) { _ in try await body() }
    }

    /// What is the caller's own mistake will not get better by another attempt, and says nothing of the
    /// component.
    private static func judge(_ result: Result<some Sendable, any Error>) -> PolicyOutcome {
        guard case .failure(let error) = result else { return .success }
        guard let error = error as? CapabilityError else { return error is RuntimeError ? .callersFault : .failure(.other) }
        switch error.code {
        case .invalidArgument, .notFound, .etagMismatch, .etagInvalid, .unsupported, .permissionDenied: return .callersFault
        default: return .failure(.other)
        }
    }
}
