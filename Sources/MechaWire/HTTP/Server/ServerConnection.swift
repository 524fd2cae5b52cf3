/// A connection of a listener, as its ``ListenerShard`` sees it.
protocol ServerConnection: AnyObject {
    /// Where the connection stands in the shard's list.
    var shardIndex: Int { get set }
    /// Looks whether a time limit has passed; called at every tick of the shard.
    func sweep()
    /// Takes no new requests, finishes those under way, then closes.
    func drain()
    /// Closes now.
    func close()
}
