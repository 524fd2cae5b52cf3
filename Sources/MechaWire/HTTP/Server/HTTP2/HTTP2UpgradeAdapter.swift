import NIOCore

/// What differs on a connection that came to HTTP/2 by `Upgrade: h2c` (RFC 7540 section 3.2), so that
/// the codec, which knows only the beginning with prior knowledge, can serve it.
///
/// The codec is fed a preface, the settings of the `HTTP2-Settings` field and the request as stream 1
/// (``makeOpening(settings:request:)``). The client's own preface that follows is taken away here, and
/// so is the codec's acknowledgement of those settings, which the 101 response stood for already.
struct HTTP2UpgradeAdapter {
    private static let preface = ByteBuffer(staticString: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    private static let settingsAcknowledgement = ByteBuffer(bytes: [0, 0, 0, 4, 1, 0, 0, 0, 0])

    private var missingPreface = preface
    private var isAcknowledgementDue = true

    /// Takes as much of the client's preface as is there. False if it is something else.
    mutating func takePreface(from bytes: inout ByteBuffer) -> Bool {
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
