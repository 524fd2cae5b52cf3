import MechaWire

/// Why a call to an app could not be made or finished. An app's own error answer is none.
public struct InvocationError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    /// For people; carries no payload, key or token.
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// Stable: it travels between runtimes.
        public let description: String
        init(_ description: String) { self.description = description }

        /// The target names no app, endpoint or URL in a valid form.
        public static let invalidTarget = Code("invalid-target")
        /// The method path or verb cannot be sent.
        public static let invalidMethod = Code("invalid-method")
        /// Nobody knows the app.
        public static let appNotFound = Code("app-not-found")
        /// The app has no port to be called at.
        public static let noAppChannel = Code("no-app-channel")
        /// The app failed its health checks.
        public static let appUnhealthy = Code("app-unhealthy")
        /// The app speaks a protocol that this call cannot be carried over.
        public static let protocolMismatch = Code("protocol-mismatch")
        /// The callee does not let this caller in.
        public static let denied = Code("denied")
        /// The other side cannot be reached; it did nothing.
        public static let unavailable = Code("unavailable")
        /// The connection was lost before the response; whether the call happened is unknown.
        public static let connectionLost = Code("connection-lost")
        /// Too many calls wait already.
        public static let overloaded = Code("overloaded")
        /// A body is larger than its limit.
        public static let tooLarge = Code("too-large")
        /// The response is not valid.
        public static let badResponse = Code("bad-response")
        public static let timeout = Code("timeout")
        /// The callee did not answer within a policy's timeout.
        public static let policyTimeout = Code("policy-timeout")
        /// A circuit breaker is open.
        public static let refusedByPolicy = Code("refused-by-policy")
        /// The caller gave up.
        public static let cancelled = Code("cancelled")
    }

    public var description: String { message }
}

extension InvocationError {
    /// What a failed connection means for the call to `callee` (for messages).
    init(_ error: WireError, calling callee: String) {
        let code: Code =
            switch error.code {
            case .connectFailed, .tlsFailed, .refused, .closing: .unavailable
            case .connectionClosed, .cancelled: .connectionLost
            case .malformed: .badResponse
            case .tooLarge: .tooLarge
            case .overloaded: .overloaded
            case .timeout: .timeout
            default: .connectionLost
            }
        self.init(code, "failed to call \(callee): \(error.message)", cause: error)
    }

    /// A gRPC caller may leave the verb out; an app that speaks HTTP cannot do without.
    static let noVerb = InvocationError(.invalidMethod, "the call names no HTTP verb, and the app speaks HTTP")

    /// Whether the other side certainly did nothing, so that any call may be made again.
    var didNothing: Bool { code == .unavailable }
}
