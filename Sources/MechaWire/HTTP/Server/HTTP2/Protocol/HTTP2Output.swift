import NIOCore

/// Bytes on their way out: all small writes of a flush in one buffer, large bodies as they are.
struct HTTP2Output {
    /// A body up to this size is copied behind its frame's head.
    private static let copiedBytes = 4 << 10

    /// Where frames are written to.
    var joint = ByteBuffer()
    private var sealed: [ByteBuffer] = []
    private var sealedBytes = 0

    var bytes: Int { sealedBytes + joint.readableBytes }
    var isEmpty: Bool { bytes == 0 }

    mutating func append(_ body: ByteBuffer) {
        guard body.readableBytes > Self.copiedBytes else {
            joint.writeImmutableBuffer(body)
            return
        }
        if joint.readableBytes > 0 {
            sealed.append(joint)
            sealedBytes += joint.readableBytes
            joint = ByteBuffer()
        }
        sealed.append(body)
        sealedBytes += body.readableBytes
    }

    /// Everything that was written, in order: large bodies and what came before them, then the rest.
    mutating func take() -> (sealed: [ByteBuffer], joint: ByteBuffer) {
        let taken = (sealed, joint)
        sealed = []
        sealedBytes = 0
        joint = ByteBuffer()
        return taken
    }
}
