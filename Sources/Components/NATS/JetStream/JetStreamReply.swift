/// What the reply subject of a delivered message tells: `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.
/// <consumer sequence>.<time>.<pending>`, in newer servers with domain and account before the stream.
struct JetStreamReply: Equatable {
    var attempt: Int
    var streamSequence: UInt64
    /// Nanoseconds since 1970 when the message was stored.
    var storedNanoseconds: Int64

    init?(_ subject: String) {
        let tokens = subject.split(separator: ".", omittingEmptySubsequences: false)
        guard tokens.count == 9 || tokens.count >= 11, tokens[0] == "$JS", tokens[1] == "ACK" else { return nil }
        let first = tokens.count == 9 ? 4 : 6
        guard let attempt = Int(tokens[first]), let sequence = UInt64(tokens[first + 1]), let time = Int64(tokens[first + 3]) else {
            return nil
        }
        self.attempt = attempt
        streamSequence = sequence
        storedNanoseconds = time
    }
}
