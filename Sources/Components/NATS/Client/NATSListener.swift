/// Takes what comes for a subscription, on its event loop.
protocol NATSListener: AnyObject {
    func received(_ message: NATSMessage)
    /// There is a connection again, and the subscription is made on it.
    func connected()
    func disconnected()
}
