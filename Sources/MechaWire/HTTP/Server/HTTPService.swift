/// What answers the requests of a listener.
public protocol HTTPService: Sendable {
    /// Called on the connection's event loop when a request's head has arrived (and, where they came in
    /// the same read, its body and end). Must not block. An asynchronous handler goes through
    /// ``ServerExchange/run(_:)``; a proxy installs sinks and returns.
    func handle(_ exchange: ServerExchange)
}
