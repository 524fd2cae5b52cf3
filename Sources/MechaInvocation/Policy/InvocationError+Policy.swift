import MechaPolicies

extension InvocationError {
    /// A call that a policy ended, in the words that Dapr's clients know.
    init(_ error: PolicyError, calling callee: String) {
        self.init(
            error.code == .timeout ? .policyTimeout : .refusedByPolicy, "failed to invoke, id: \(callee), err: \(error)", cause: error)
    }

    /// What a call that got no answer means to policies.
    var policyOutcome: PolicyOutcome {
        switch code {
        case .invalidTarget, .invalidMethod, .tooLarge, .cancelled, .protocolMismatch, .denied: .callersFault
        case .unavailable, .connectionLost, .appUnhealthy: .failure(.grpc(14))
        case .overloaded: .failure(.grpc(8))
        default: .failure(.other)
        }
    }
}
