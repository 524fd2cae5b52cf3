/// A call that a policy ended. The texts are those that Dapr's clients know.
package struct PolicyError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        case timeout
        /// The target failed too often and is left alone.
        case circuitOpen
        /// The target is being tried out by other calls.
        case tooManyRequests
    }

    package let code: Code

    package init(_ code: Code) { self.code = code }

    package var description: String {
        switch code {
        case .timeout: "context deadline exceeded"
        case .circuitOpen: "circuit breaker is open"
        case .tooManyRequests: "too many requests"
        }
    }
}
