import NIOCore

/// Bytes of a response body that flow control or the socket holds back.
struct HTTP2PendingBody {
    /// Pieces up to this size are put together.
    private static let joinedBytes = 4 << 10

    private var chunks: [ByteBuffer] = []
    /// Those before it are sent.
    private var head = 0
    private(set) var bytes = 0

    var isEmpty: Bool { bytes == 0 }

    mutating func append(_ chunk: ByteBuffer) {
        bytes += chunk.readableBytes
        if let last = chunks.indices.last, last >= head, chunks[last].readableBytes + chunk.readableBytes <= Self.joinedBytes {
            chunks[last].writeImmutableBuffer(chunk)
        } else {
            chunks.append(chunk)
        }
    }

    /// Up to `limit` bytes, which must be there, from the front.
    mutating func take(upTo limit: Int) -> ByteBuffer {
        guard head < chunks.count, let taken = chunks[head].readSlice(length: min(limit, chunks[head].readableBytes))
        else { return ByteBuffer() }
        bytes -= taken.readableBytes
        if chunks[head].readableBytes == 0 {
            chunks[head] = ByteBuffer()
            head += 1
            if head == chunks.count {
                chunks = []
                head = 0
            } else if head >= 64 {
                chunks.removeFirst(head)
                head = 0
            }
        }
        return taken
    }
}
