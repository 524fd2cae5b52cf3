/// What carries an attempt under a policy to its callee.
protocol AttemptCarrier: AnyObject {
    /// The policy does not wait for the attempt any longer, and tells the caller itself if need be.
    func giveUp(_ error: InvocationError)
}
