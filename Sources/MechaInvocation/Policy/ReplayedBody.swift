import MechaWire
import NIOCore
import NIOHTTP1

/// The body of a request that may be sent more than once: passes it on as it comes, and keeps it up to a
/// bound. Lives on the exchange's loop; hence the unchecked Sendable.
final class ReplayedBody: BodySink, @unchecked Sendable {
    private let exchange: ServerExchange
    private let bytesAtMost: Int
    private var chunks: [ByteBuffer] = []
    private var bytes = 0
    private var end: Result<HTTPHeaders?, WireError>?
    private var isListening = false
    private var whole: ByteBuffer?
    /// Who carries the attempt under way.
    private var reader: (any BodySink)?
    /// Whether everything that came so far is kept.
    private(set) var isComplete = true
    private var isReleased = false
    /// Why the caller is gone although its request is complete.
    private var departure: WireError?

    init(_ exchange: ServerExchange, bytesAtMost: Int) {
        self.exchange = exchange
        self.bytesAtMost = bytesAtMost
    }

    /// Gives `reader` the body from its begin: what came already at once, the rest as it comes.
    func stream(into reader: any BodySink) {
        self.reader = reader
        for chunk in chunks {
            reader.bodyReceived(chunk)
            guard self.reader === reader else { return }
        }
        switch end {
        case .success(let trailers)?:
            reader.bodyEnded(trailers: trailers)
            if let departure, self.reader === reader { exchangeFailed(departure) }
            return
        case .failure(let error)?: return reader.bodyFailed(error)
        case nil: break
        }
        if isListening { return exchange.setReading(true) }
        isListening = true
        exchange.streamBody(into: self)
    }

    /// The whole body, for attempts that need it in one piece.
    func collect(upTo limit: Int) async throws(WireError) -> ByteBuffer {
        if let whole { return whole }
        let body = try await exchange.collectBody(upTo: limit)
        whole = body
        // Attempts that stream get it too.
        if body.readableBytes > 0, chunks.isEmpty { chunks = [body] }
        return body
    }

    /// The attempt is over; what comes until the next one is kept.
    func detach() { reader = nil }

    /// No further attempt follows: nothing needs to be kept.
    func release() {
        isReleased = true
        chunks = []
    }

    func bodyReceived(_ chunk: ByteBuffer) {
        bytes += chunk.readableBytes
        if isComplete, !isReleased {
            if bytes <= bytesAtMost {
                chunks.append(chunk)
            } else if reader != nil {
                isComplete = false
                chunks = []
            } else {
                // Between two attempts, and more than promised: the next attempt gets it all the same, and is the last.
                chunks.append(chunk)
                exchange.setReading(false)
            }
        }
        reader?.bodyReceived(chunk)
    }

    func bodyEnded(trailers: HTTPHeaders?) {
        end = .success(trailers)
        reader?.bodyEnded(trailers: trailers)
    }

    func bodyFailed(_ error: WireError) {
        end = .failure(error)
        reader?.bodyFailed(error)
        reader = nil
    }

    func exchangeFailed(_ error: WireError) {
        departure = error
        reader?.exchangeFailed(error)
        reader = nil
    }

    func writabilityChanged(_ isWritable: Bool) { reader?.writabilityChanged(isWritable) }
}
