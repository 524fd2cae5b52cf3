/// A running stream of messages or events from a component to the engine.
public protocol MessageFeed: Sendable {
    /// Hands over nothing new from now on; what is under way goes on. Messages wait at the broker, or in a
    /// bounded queue where there is none.
    func pause() async

    /// Ends a pause.
    func resume() async

    /// Ends the feed: hands over nothing new and returns when every handler under way has answered and its
    /// answer is with the broker. What was fetched and not handed over stays the broker's to deliver.
    func close() async
}
