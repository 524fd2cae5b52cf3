/// What went wrong with a module, an instance or a call.
package struct WasmError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The library is missing or of another version, or the machine cannot run it.
        case unavailable
        /// The bytes are no valid module, or one that needs what this engine does not do.
        case invalidModule
        /// Something that the module imports is not there, or has another type.
        case missingImport
        /// The guest did what it must not: a trap of its own, or one that a host function raised.
        case trapped
        /// The guest's stack is used up.
        case stackOverflow
        /// More processor time than allowed.
        case outOfProcessorTime
        /// More fuel than allowed.
        case outOfFuel
        /// The deadline has passed.
        case deadline
        /// More instances live than the engine may have.
        case outOfInstances
        /// The instance does not fit into its limits.
        case outOfMemory
    }

    package var code: Code
    package var message: String
    /// The guest's stack, innermost first: `name` where the module has names, else `function 12`.
    package var stack: [String] = []
    /// What a host function threw, when that was the reason.
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, stack: [String] = [], cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.stack = stack
        self.cause = cause
    }

    package var description: String { stack.isEmpty ? message : "\(message) (in \(stack.joined(separator: " < ")))" }
}
