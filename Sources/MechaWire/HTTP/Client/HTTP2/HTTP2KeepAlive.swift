/// Decides when to ask a silent peer for a sign of life (PING, RFC 9113 section 6.7).
struct HTTP2KeepAlive {
    enum Action: Equatable {
        case none
        case ping
        /// The peer left a ping unanswered.
        case close
    }

    private var heardSinceTick = true
    private var isAwaitingAnswer = false

    /// Anything came from the peer.
    mutating func activity() {
        heardSinceTick = true
        isAwaitingAnswer = false
    }

    /// An interval has passed.
    mutating func tick(hasStreams: Bool) -> Action {
        if isAwaitingAnswer { return .close }
        let wasSilent = !heardSinceTick
        heardSinceTick = false
        guard hasStreams, wasSilent else { return .none }
        isAwaitingAnswer = true
        return .ping
    }
}
