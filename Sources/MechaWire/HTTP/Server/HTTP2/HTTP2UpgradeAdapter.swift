import NIOCore

/// What differs on a connection that came to HTTP/2 by `Upgrade: h2c` (RFC 7540 section 3.2), so that
/// the codec, which knows only the beginning with prior knowledge, can serve it.
///
/// The client's own preface is taken away here and the codec is fed an ``HTTP2UpgradeOpening`` in its place.
/// Not before, because until its preface is out a client may not have room for more of the answer than its
/// HTTP/1.1 side holds (curl: 32 KiB). The codec's acknowledgement of the opening's settings, for which the
/// 101 response stood already, is taken away too.
struct HTTP2UpgradeAdapter {
    private static let settingsAcknowledgement = ByteBuffer(bytes: [0, 0, 0, 4, 1, 0, 0, 0, 0])

    private var opening: ByteBuffer?
    private var missingPreface = HTTP2UpgradeOpening.preface
    private var isAcknowledgementDue = true

    init(_ opening: HTTP2UpgradeOpening) { self.opening = opening.bytes }

    /// Takes as much of the client's preface as is there. False if the client sent something else.
    mutating func takePreface(from bytes: inout ByteBuffer) -> Bool {
        let count = min(missingPreface.readableBytes, bytes.readableBytes)
        return missingPreface.readSlice(length: count) == bytes.readSlice(length: count)
    }

    /// What the codec is to read before anything else, once the client's preface has come.
    mutating func takeOpening() -> ByteBuffer? {
        guard missingPreface.readableBytes == 0 else { return nil }
        defer { opening = nil }
        return opening
    }

    /// Whether an outgoing frame is the acknowledgement nobody waits for.
    mutating func swallows(_ bytes: ByteBuffer) -> Bool {
        guard isAcknowledgementDue, bytes == Self.settingsAcknowledgement else { return false }
        isAcknowledgementDue = false
        return true
    }
}
