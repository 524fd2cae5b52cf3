import MechaPolicies
import MechaResiliency
import MechaWire

extension InvocationTarget {
    /// The name under which Resiliency resources speak of the target.
    var policyName: String {
        switch self {
        case .app(let address): address.appID
        case .endpoint(let name): name
        case .url(let url): url.host
        }
    }
}

extension Invoker {
    /// Makes a call in memory under a policy.
    func invoke(
        of callee: String, under policy: Policy, _ attempt: @escaping @Sendable () async throws(InvocationError) -> AppResponse
    ) async throws(InvocationError) -> AppResponse {
        do {
            return try await policy.run(judgedBy: Self.judge) { _ in try await attempt() }
        } catch let error as InvocationError {
            throw error
        } catch let error as PolicyError {
            throw InvocationError(error, calling: callee)
        } catch {
            throw InvocationError(.cancelled, "the call was given up", cause: error)
        }
    }

    private static func judge(_ result: Result<AppResponse, any Error>) -> PolicyOutcome {
        switch result {
        case .failure(let error): (error as? InvocationError)?.policyOutcome ?? .failure(.other)
        case .success(let response):
            switch response.outcome {
            case .http(let status): status.code < 400 ? .success : .failure(.http(Int(status.code)))
            case .grpc(let status): status.code == .ok ? .success : .failure(.grpc(status.code.rawValue))
            }
        }
    }
}
