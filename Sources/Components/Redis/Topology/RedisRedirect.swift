/// A cluster node's answer that another one should be asked: `MOVED <slot> <host>:<port>` for good,
/// `ASK ...` for this call only.
struct RedisRedirect: Equatable {
    var address: RedisAddress
    var isAsk: Bool

    /// Nil for any other error, and for an address that cannot be read.
    init?(_ error: RedisServerError) {
        guard error.kind == "MOVED" || error.kind == "ASK", let endpoint = error.detail.split(separator: " ").last,
            let colon = endpoint.lastIndex(of: ":"), colon > endpoint.startIndex,
            let port = UInt16(endpoint[endpoint.index(after: colon)...]), port > 0
        else { return nil }
        address = .host(String(endpoint[..<colon]), port: Int(port))
        isAsk = error.kind == "ASK"
    }

    var target: RedisTarget { isAsk ? .asking(address) : .moved(address) }
}
