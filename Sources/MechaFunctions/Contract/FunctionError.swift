/// Why a function could not be loaded or did not answer.
public struct FunctionError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The module is no wasm, is cut off, or lacks what its ABI asks for.
        case invalidModule
        /// The module imports what was not granted, or what nobody provides.
        case missingImport
        /// The guest trapped. HTTP 500.
        case trapped
        /// Out of processor or wall time. HTTP 504.
        case timedOut
        /// Out of memory. HTTP 507.
        case outOfMemory
        /// The request or the response is too large. HTTP 413 and 502.
        case requestTooLarge, responseTooLarge
        /// Too many calls wait for an instance. HTTP 503 with Retry-After.
        case busy
        /// The revision is gone. HTTP 503.
        case closed
        /// The engine's library is not there, or refused to start. HTTP 503.
        case engineUnavailable
        /// Anything else that the guest did wrong. HTTP 500.
        case failed
    }

    public var code: Code
    /// What happened and what was expected, for people.
    public var message: String
    /// The wasm stack, innermost first, by function name where the module has them.
    public var stack: [String] = []

    public init(_ code: Code, _ message: String, stack: [String] = []) {
        self.code = code
        self.message = message
        self.stack = stack
    }

    public var description: String { message }
}
