import NIOCore

/// What differs on a connection that came to HTTP/2 by `Upgrade: h2c` (RFC 7540 section 3.2), so that
/// the codec, which knows only the beginning with prior knowledge, can serve it.
///
/// The codec is first fed an ``HTTP2UpgradeOpening``. The client's own preface, which follows, is taken
/// away here, and so is the codec's acknowledgement of the opening's settings, for which the 101
/// response stood already.
struct HTTP2UpgradeAdapter {
    private static let settingsAcknowledgement = ByteBuffer(bytes: [0, 0, 0, 4, 1, 0, 0, 0, 0])

    private var isOpeningDue = true
    private var missingPreface = HTTP2UpgradeOpening.preface
    private var isAcknowledgementDue = true

    /// Takes as much of the client's preface as is there; the opening, which comes first, passes.
    /// False if the client sent something else.
    mutating func takePreface(from bytes: inout ByteBuffer) -> Bool {
        if isOpeningDue {
            isOpeningDue = false
            return true
        }
        let count = min(missingPreface.readableBytes, bytes.readableBytes)
        return missingPreface.readSlice(length: count) == bytes.readSlice(length: count)
    }

    /// Whether an outgoing frame is the acknowledgement nobody waits for.
    mutating func swallows(_ bytes: ByteBuffer) -> Bool {
        guard isAcknowledgementDue, bytes == Self.settingsAcknowledgement else { return false }
        isAcknowledgementDue = false
        return true
    }
}
