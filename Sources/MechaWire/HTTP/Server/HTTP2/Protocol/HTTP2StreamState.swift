/// What the protocol knows of a stream that is open or half closed.
struct HTTP2StreamState {
    /// How a response ends whose body is not sent yet.
    enum End {
        /// It may go on.
        case open
        case data
        case trailers(HTTP2Trailers)
    }

    let id: UInt32
    /// Who serves the stream; nil before anybody does.
    var owner: HTTP2ServerStream?

    // MARK: The request

    var isRequestComplete: Bool
    /// Bytes that `content-length` promised and that have not come; nil without one.
    var owedBytes: Int?
    /// What the peer may still send.
    var inboundWindow: Int
    /// Received bytes for which the peer has not been given new window.
    var unreturnedBytes = 0
    /// Whether nobody takes the body for now.
    var isPaused = false

    // MARK: The response

    /// What we may still send; negative after the peer has shrunk all windows.
    var outboundWindow: Int
    var pending = HTTP2PendingBody()
    var end = End.open
    /// Whether it waits for its turn to send.
    var isQueued = false
    /// Whether its writer was told to wait.
    var isBlocked = false

    /// The tick at which the present wait for the peer began.
    var waitingSince: UInt32

    init(id: UInt32, isRequestComplete: Bool, owedBytes: Int?, inboundWindow: Int, outboundWindow: Int, tick: UInt32) {
        self.id = id
        self.isRequestComplete = isRequestComplete
        self.owedBytes = owedBytes
        self.inboundWindow = inboundWindow
        self.outboundWindow = outboundWindow
        waitingSince = tick
    }
}
