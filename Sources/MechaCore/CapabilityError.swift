/// What a component reports when it cannot do what was asked.
///
/// Engines and front ends branch on `code`; `message` is for people and never carries a value, key
/// material or token. `cause` is kept for logs.
public struct CapabilityError: Error, Sendable {
    public var code: Code
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Why a capability call failed.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The request itself is wrong; sending it again cannot help.
        public static let invalidArgument = Code("invalid argument")
        /// The named thing does not exist.
        public static let notFound = Code("not found")
        /// An etag was given and does not match what is stored.
        public static let etagMismatch = Code("etag mismatch")
        /// An etag was given that this store could never have issued.
        public static let etagInvalid = Code("invalid etag")
        /// The component does not offer this operation.
        public static let unsupported = Code("unsupported")
        /// The caller may not do this.
        public static let permissionDenied = Code("permission denied")
        /// The backend cannot be reached now; the component goes on trying to reconnect.
        public static let unavailable = Code("unavailable")
        /// The backend did not answer in time; whether the operation happened is unknown.
        public static let timeout = Code("timeout")
        /// A named limit is reached.
        public static let resourceExhausted = Code("resource exhausted")
        /// The component's configuration cannot work.
        public static let misconfigured = Code("misconfigured")
        /// The backend reported something else.
        public static let backend = Code("backend error")
        /// The component is closed or closing.
        public static let closed = Code("closed")
    }
}

extension CapabilityError: CustomStringConvertible {
    public var description: String { message }
}
