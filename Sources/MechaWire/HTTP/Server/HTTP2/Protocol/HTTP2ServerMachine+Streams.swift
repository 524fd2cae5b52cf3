// What the connection asks about its streams.
extension HTTP2ServerMachine {
    /// Who serves the streams that are open.
    var owners: [HTTP2ServerStream] { streams.indices.compactMap { streams[$0].owner } }

    func owner(of id: UInt32) -> HTTP2ServerStream? { streams.index(of: id).flatMap { streams[$0].owner } }

    mutating func setOwner(_ owner: HTTP2ServerStream, of id: UInt32) {
        if let index = streams.index(of: id) { streams[index].owner = owner }
    }

    /// How far a stream is.
    struct Standing {
        let isRequestComplete: Bool
        /// Whether nobody takes the request's body for now.
        let isPaused: Bool
        /// Bytes of the response that wait.
        let pendingBytes: Int
        /// The tick at which the present wait for the peer began.
        let waitingSince: UInt32
    }

    func standing(of id: UInt32) -> Standing? {
        guard let index = streams.index(of: id) else { return nil }
        let state = streams[index]
        return Standing(
            isRequestComplete: state.isRequestComplete, isPaused: state.isPaused, pendingBytes: state.pending.bytes,
            waitingSince: state.waitingSince)
    }

    /// Tells the peer the last stream that is served (RFC 9113 section 6.8).
    mutating func announceLastStream() {
        servedStreams = lastStream
        writeGoAway(lastStream, .noError)
    }
}
