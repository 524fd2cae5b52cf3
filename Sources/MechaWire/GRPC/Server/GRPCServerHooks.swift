/// What a front end does around every call that a ``GRPCRouter`` hands to a handler: admission, metrics,
/// traces, and the mapping of its errors. All calls are made on the call's event loop.
public protocol GRPCServerHooks: Sendable {
    /// Before the handler; what it throws is the answer, and the handler is not asked.
    func began(_ call: GRPCServerCall) throws(GRPCStatus)
    /// Once for each call that ``began(_:)`` heard of, when its status is decided.
    func ended(_ call: GRPCServerCall, code: GRPCStatus.Code)
    /// The answer for an error of a handler that is no ``GRPCStatus``, ``WireError`` or cancellation.
    func status(for error: any Error) -> GRPCStatus
}

extension GRPCServerHooks {
    public func began(_ call: GRPCServerCall) throws(GRPCStatus) {}
    public func ended(_ call: GRPCServerCall, code: GRPCStatus.Code) {}
    /// Says nothing of the error, which may hold what a client must not see.
    public func status(for error: any Error) -> GRPCStatus { GRPCStatus(.unknown, "the handler failed") }
}

/// Admits everything and watches nothing.
public struct NoGRPCServerHooks: GRPCServerHooks {
    public init() {}
}
