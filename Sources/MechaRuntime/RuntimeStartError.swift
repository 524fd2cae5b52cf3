import MechaCore
import MechaHost
import MechaWire
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Why a process could not start, in one line, with what to do about it.
public struct RuntimeStartError: Error, Sendable, CustomStringConvertible {
    public var message: String
    public var hint: String?

    public init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    init(_ error: any Error) {
        switch error {
        case let error as RuntimeStartError: self = error
        case let error as WireError where error.code == .bindFailed:
            self.init(error.message, hint: error.isInUse ? "choose another, or stop the process that uses it" : nil)
        case let error as AppRuntime.LoadError:
            self.init(error.description, hint: error.isOfComponents ? "set spec.ignoreErrors to start without a component" : nil)
        default: self.init("\(error)")
        }
    }

    public var description: String { hint.map { "\(message) (\($0))" } ?? message }
}

extension WireError {
    /// Whether somebody else has the port or socket.
    fileprivate var isInUse: Bool { (cause as? IOError)?.errnoCode == EADDRINUSE }
}
