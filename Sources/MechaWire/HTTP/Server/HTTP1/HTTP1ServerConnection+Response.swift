import NIOCore
import NIOHPACK
import NIOHTTP1

extension HTTP1ServerConnection: ServerExchangeDriver {
    /// A body up to this size is copied behind its head, which costs less than a second buffer in the
    /// system call.
    private static let copiedBodyBytes = 4 << 10

    func sendWhole(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, body: ByteBuffer?) {
        noteUnreadRequest()
        // More than is worth reading for nothing: the client learns at once that it need not go on.
        if let unread = unreadBodyBytes, unread > Self.discardedBodyBytes { isLast = true }
        let mayHaveBody = status.mayHaveResponseBody
        let count = body?.readableBytes ?? 0
        shard.scratch.clear()
        HTTP1ResponseWriter.writeHead(status, headers, mayHaveBody ? .length(count) : .none, persistence, into: &shard.scratch)
        if let body, count > 0, mayHaveBody, !answersHEAD {
            if count <= Self.copiedBodyBytes {
                shard.scratch.writeImmutableBuffer(body)
                write(shard.scratch)
            } else {
                write(shard.scratch)
                write(body)
            }
        } else {
            write(shard.scratch)
        }
        flush()
    }

    func sendHead(_ head: HTTPResponseHead) {
        noteUnreadRequest()
        let framing = framing(of: head)
        streamedFraming = answersHEAD ? HTTP1ResponseWriter.Framing.none : framing
        if framing == .untilClose { isLast = true }
        shard.scratch.clear()
        HTTP1ResponseWriter.writeHead(head.status, head.headers, framing, persistence, into: &shard.scratch)
        write(shard.scratch)
    }

    private func framing(of head: HTTPResponseHead) -> HTTP1ResponseWriter.Framing {
        guard head.status.mayHaveResponseBody else { return .none }
        if let declared = HTTP1ResponseWriter.declaredLength(head.headers) {
            owedBodyBytes = declared
            return .asDeclared
        }
        return answersHTTP10 ? .untilClose : .chunked
    }

    func sendBody(_ chunk: ByteBuffer) {
        guard chunk.readableBytes > 0 else { return }
        switch streamedFraming {
        case .chunked:
            shard.scratch.clear()
            HTTP1ResponseWriter.writeChunkHead(size: chunk.readableBytes, into: &shard.scratch)
            if chunk.readableBytes <= Self.copiedBodyBytes {
                shard.scratch.writeImmutableBuffer(chunk)
                shard.scratch.writeStaticString("\r\n")
                write(shard.scratch)
            } else {
                write(shard.scratch)
                write(chunk)
                write(Self.lineEnd)
            }
        case .asDeclared:
            // Bytes beyond the declared length would be taken for the next response.
            guard owedBodyBytes > 0 else { return }
            write(chunk.getSlice(at: chunk.readerIndex, length: min(owedBodyBytes, chunk.readableBytes)) ?? chunk)
            owedBodyBytes -= chunk.readableBytes
        case .untilClose, .length: write(chunk)
        case .none?, nil: break
        }
    }

    private static let lineEnd = ByteBuffer(staticString: "\r\n")

    func sendEnd(trailers: HTTPHeaders?) {
        if streamedFraming == .chunked {
            shard.scratch.clear()
            HTTP1ResponseWriter.writeLastChunk(trailers: trailers, into: &shard.scratch)
            write(shard.scratch)
        }
        flush()
        // A response shorter than it said can only be ended by closing.
        if streamedFraming == .asDeclared, owedBodyBytes > 0 { isLast = true }
    }

    func sendHTTP2(_ headers: HPACKHeaders, body: ByteBuffer?, trailers: HPACKHeaders?) {
        assertionFailure("an HTTP/1.1 exchange has no HTTP/2 form")
    }

    func sendHTTP2Headers(_ headers: HPACKHeaders, endStream: Bool) {
        assertionFailure("an HTTP/1.1 exchange has no HTTP/2 form")
    }

    func sendContinue() {
        write(Self.continueHead)
        flush()
    }

    private static let continueHead = ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")

    /// A client that was never told to send its body may or may not send it; only closing makes clear
    /// where its next request would begin.
    private func noteUnreadRequest() {
        if awaitsContinue, !isRequestComplete { isLast = true }
    }

    private var persistence: HTTP1ResponseWriter.Persistence {
        if isLast || shard.isDraining {
            isLast = true
            return .close
        }
        return answersHTTP10 ? .keepAlive : .implied
    }
}
