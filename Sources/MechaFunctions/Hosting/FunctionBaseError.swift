/// Why something could not be done with functions: deployed, moved, deleted.
public struct FunctionBaseError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// There is no such function, revision or alias.
        case notFound
        /// What was asked for cannot be understood. HTTP 400.
        case invalid
        /// It cannot be done as things stand. HTTP 409.
        case conflict
        /// The module cannot be run. HTTP 422.
        case refused
        /// The disk, the engine or another process stands in the way. HTTP 503.
        case unavailable
    }

    public var code: Code
    /// What happened and what was expected, for people.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

extension FunctionBaseError {
    init(_ failure: FunctionFiles.Failure) { self.init(.unavailable, failure.description) }

    init(_ error: FunctionError) {
        var message = error.message
        if !error.stack.isEmpty { message += " (in \(error.stack.prefix(8).joined(separator: " < ")))" }
        self.init(error.code == .engineUnavailable ? .unavailable : .refused, message)
    }

    static func noFunction(_ name: String) -> FunctionBaseError { FunctionBaseError(.notFound, "there is no function \(name)") }

    static func aliasName(_ name: String) -> FunctionBaseError {
        FunctionBaseError(.invalid, "\"\(name.prefix(64))\" cannot be an alias; expected letters, digits, - and _ after a letter")
    }
}
