/// Whoever started a streamed call and is told what became of it, on the exchange's loop.
public protocol CallOwner: AnyObject, Sendable {
    /// The call failed before its response began. True when the owner takes the matter over (a further
    /// attempt); false has the caller told, and ``callEnded(_:failure:)`` follows.
    ///
    /// - Parameter hasTakenBody: whether any of the request's body is gone, so that it cannot be sent again.
    func callFailed(_ call: StreamedCall, _ error: InvocationError, hasTakenBody: Bool) -> Bool

    /// The response is complete, was cut off, or the caller left. The last word about a call.
    func callEnded(_ call: StreamedCall, failure: InvocationError?)
}

extension CallOwner {
    /// Ends a call that failed before a response began.
    package func refuse(_ call: StreamedCall, _ error: InvocationError, hasTakenBody: Bool = false) {
        if callFailed(call, error, hasTakenBody: hasTakenBody) { return }
        call.fail(error)
        callEnded(call, failure: error)
    }
}
