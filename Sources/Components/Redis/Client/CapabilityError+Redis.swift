import MechaCore

extension CapabilityError {
    /// The error that a server answered, without what it quotes of keys and values.
    init(redis error: RedisServerError) {
        let code: Code
        switch error.kind {
        case "NOAUTH", "WRONGPASS": code = .misconfigured
        case "NOPERM": code = .permissionDenied
        case "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "BUSY", "NOREPLICAS", "MOVED", "ASK":
            code = .unavailable
        case "OOM": code = .resourceExhausted
        default: code = .backend
        }
        self.init(code, "Redis answered with an error: \(error)", cause: nil)
    }

    /// Bytes of the server that make no sense.
    init(redis error: RESPError) {
        self.init(.backend, "Redis broke the protocol: \(error)", cause: error)
    }
}
