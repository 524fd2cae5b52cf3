import NIOCore
import NIOHTTP1

/// What has arrived of a request body and who waits for it.
///
/// The continuations are unsafe ones (no bookkeeping per request); ``wake()`` is called at the body's
/// end, at its failure and when the exchange is over, so none is ever left behind.
struct RequestBody {
    private(set) var buffered = ByteBuffer()
    var isComplete = false
    var trailers: HTTPHeaders?
    /// Why no more will come although the body is not complete.
    var failure: WireError?
    var sink: (any BodySink)?
    var collector: UnsafeContinuation<Void, Never>?
    var chunkWaiter: UnsafeContinuation<Void, Never>?
    var collectionLimit = Int.max

    /// Whether nothing will change any more.
    var isSettled: Bool { isComplete || failure != nil }

    var hasOverflowed: Bool { buffered.readableBytes > collectionLimit }

    mutating func append(_ chunk: ByteBuffer) {
        if buffered.readableBytes == 0 {
            buffered = chunk
        } else {
            buffered.writeImmutableBuffer(chunk)
        }
    }

    mutating func takeBuffered() -> ByteBuffer {
        let taken = buffered
        buffered = ByteBuffer()
        return taken
    }

    mutating func wake() {
        let waiting = collector
        collector = nil
        waiting?.resume()
        wakeChunkWaiter()
    }

    mutating func wakeChunkWaiter() {
        let waiting = chunkWaiter
        chunkWaiter = nil
        waiting?.resume()
    }
}
