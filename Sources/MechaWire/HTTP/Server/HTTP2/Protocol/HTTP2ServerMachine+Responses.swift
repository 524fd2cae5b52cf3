import NIOCore
import NIOHPACK
import NIOHTTP1

// Frames to the peer: heads at once, bodies as far as the windows of stream and connection allow (RFC 9113 section 5.2).
extension HTTP2ServerMachine {
    private typealias Kind = HTTP2FrameHead.Kind
    private typealias Flag = HTTP2FrameHead.Flag

    /// Output beyond which bodies wait for a flush.
    private static let jointBytes = 64 << 10

    // MARK: - The connection's own frames

    /// What the server says first.
    mutating func writeSettings() {
        let settings: [(UInt16, Int)] = [
            (3, limits.streamsPerConnection), (4, limits.streamWindowBytes), (6, decoder.listLimitBytes),
        ]
        writeHead(HTTP2FrameHead(length: settings.count * 6, kind: Kind.settings, stream: 0))
        for (identifier, value) in settings { output.joint.writeMultipleIntegers(identifier, UInt32(clamping: value)) }
    }

    mutating func writeGoAway(_ last: UInt32, _ code: HTTP2Code) {
        writeHead(HTTP2FrameHead(length: 8, kind: Kind.goAway, stream: 0))
        output.joint.writeMultipleIntegers(last, code.rawValue)
    }

    mutating func writePing(_ value: UInt64, isAnswer: Bool) {
        writeHead(HTTP2FrameHead(length: 8, kind: Kind.ping, flags: isAnswer ? Flag.ack : 0, stream: 0))
        output.joint.writeInteger(value)
    }

    mutating func writeReset(_ id: UInt32, _ code: HTTP2Code) {
        writeHead(HTTP2FrameHead(length: 4, kind: Kind.rstStream, stream: id))
        output.joint.writeInteger(code.rawValue)
    }

    mutating func writeWindowUpdate(_ id: UInt32, _ bytes: Int) {
        writeHead(HTTP2FrameHead(length: 4, kind: Kind.windowUpdate, stream: id))
        output.joint.writeInteger(UInt32(clamping: bytes))
    }

    mutating func writeHead(_ head: HTTP2FrameHead) {
        if !isWritable, head.kind != Kind.data { unreadFrames += 1 }
        head.write(into: &output.joint)
    }

    // MARK: - Heads and trailers

    /// The fields that `write` appends, on a stream that is open.
    mutating func sendHeaders(
        _ id: UInt32, isEnd: Bool, _ write: (inout HeaderBlockEncoder, inout ByteBuffer) -> Void
    ) {
        guard let index = streams.index(of: id) else { return }
        writeBlock(id, isEnd: isEnd, write)
        if isEnd { responseEnded(at: index) }
    }

    /// Ends a response once its body is out.
    mutating func sendTrailers(_ id: UInt32, _ trailers: HTTP2Trailers) {
        guard let index = streams.index(of: id) else { return }
        guard streams[index].pending.isEmpty else {
            streams[index].end = .trailers(trailers)
            return
        }
        writeTrailers(id, trailers)
        responseEnded(at: index)
    }

    private mutating func writeTrailers(_ id: UInt32, _ trailers: HTTP2Trailers) {
        writeBlock(id, isEnd: true) { encoder, out in
            switch trailers {
            case .http(let fields): encoder.append(trailers: fields, into: &out)
            case .native(let fields): encoder.append(fields, into: &out)
            }
        }
    }

    private mutating func writeBlock(
        _ id: UInt32, isEnd: Bool, _ write: (inout HeaderBlockEncoder, inout ByteBuffer) -> Void
    ) {
        let end = isEnd ? Flag.endStream : 0
        let start = output.joint.writerIndex
        writeHead(HTTP2FrameHead(length: 0, kind: Kind.headers, flags: end | Flag.endHeaders, stream: id))
        encoder.begin(into: &output.joint)
        write(&encoder, &output.joint)
        let length = output.joint.writerIndex - start - HTTP2FrameHead.bytes
        if length <= peerFrameBytes {
            // Known only now; the kind of the frame shares the word.
            output.joint.setInteger(UInt32(length) << 8 | UInt32(Kind.headers), at: start)
        } else {
            splitBlock(from: start, length, id, end)
        }
    }

    /// Makes several frames of a header block that is too large for one (section 6.10).
    private mutating func splitBlock(from start: Int, _ length: Int, _ id: UInt32, _ end: UInt8) {
        guard var block = output.joint.getSlice(at: start + HTTP2FrameHead.bytes, length: length) else { return }
        output.joint.moveWriterIndex(to: start)
        var kind = Kind.headers
        while let part = block.readSlice(length: min(peerFrameBytes, block.readableBytes)), part.readableBytes > 0 {
            let flags = (kind == Kind.headers ? end : 0) | (block.readableBytes == 0 ? Flag.endHeaders : 0)
            writeHead(HTTP2FrameHead(length: part.readableBytes, kind: kind, flags: flags, stream: id))
            output.joint.writeImmutableBuffer(part)
            kind = Kind.continuation
        }
    }

    // MARK: - Bodies

    /// A piece of a response, or its end. What fits into one frame and the windows is written at once, the rest when
    /// ``sendPending(upTo:)`` comes to it. Returns the bytes of the stream that wait.
    @discardableResult
    mutating func sendData(_ id: UInt32, _ chunk: ByteBuffer, isEnd: Bool) -> Int {
        guard let index = streams.index(of: id) else { return 0 }
        let bytes = chunk.readableBytes
        if streams[index].pending.isEmpty, bytes == 0 || maySendNow(bytes, streams[index].outboundWindow) {
            writeData(at: index, chunk, isEnd: isEnd)
            if isEnd { responseEnded(at: index) }
            return 0
        }
        if streams[index].pending.isEmpty { streams[index].waitingSince = tick }
        if bytes > 0 {
            pendingBytes += bytes
            streams[index].pending.append(chunk)
            enqueue(index)
        }
        if isEnd { streams[index].end = .data }
        return streams[index].pending.bytes
    }

    /// Whether a piece of `bytes` needs no turn of its own.
    private func maySendNow(_ bytes: Int, _ streamWindow: Int) -> Bool {
        isWritable && queueHead == queue.count && output.bytes < Self.jointBytes
            && bytes <= min(streamWindow, outboundWindow, Self.standardFrameBytes)
    }

    private mutating func writeData(at index: Int, _ chunk: ByteBuffer, isEnd: Bool) {
        let bytes = chunk.readableBytes
        streams[index].outboundWindow -= bytes
        outboundWindow -= bytes
        streams[index].waitingSince = tick
        writeHead(
            HTTP2FrameHead(length: bytes, kind: Kind.data, flags: isEnd ? Flag.endStream : 0, stream: streams[index].id))
        output.append(chunk)
    }

    /// Gives a stream that has something to send its turn.
    mutating func enqueue(_ index: Int) {
        guard !streams[index].isQueued, !streams[index].pending.isEmpty, streams[index].outboundWindow > 0 else { return }
        streams[index].isQueued = true
        queue.append(streams[index].id)
        // Streams that were reset stay in the queue until their turn, which may never come.
        if queue.count - queueHead > streams.count * 2 + 64 {
            queue = queue[queueHead...].filter { streams.index(of: $0) != nil }
            queueHead = 0
        }
    }

    /// Whether ``sendPending(upTo:)`` would write something.
    var canSendMore: Bool { isWritable && outboundWindow > 0 && queueHead < queue.count }

    /// Writes frames of bodies that wait, one of each stream in turn, until the output has `bytes`.
    mutating func sendPending(upTo bytes: Int) {
        while canSendMore, output.bytes < bytes {
            guard let index = nextInQueue() else { continue }
            let room = min(streams[index].outboundWindow, outboundWindow, Self.standardFrameBytes)
            // The window may have shrunk meanwhile.
            guard room > 0 else { continue }
            let chunk = streams[index].pending.take(upTo: room)
            pendingBytes -= chunk.readableBytes
            let isDone = streams[index].pending.isEmpty
            switch streams[index].end {
            case .data where isDone:
                writeData(at: index, chunk, isEnd: true)
                responseEnded(at: index)
            case .trailers(let trailers) where isDone:
                writeData(at: index, chunk, isEnd: false)
                writeTrailers(streams[index].id, trailers)
                responseEnded(at: index)
            default:
                writeData(at: index, chunk, isEnd: false)
                enqueue(index)
                unblock(index)
            }
        }
    }

    /// The stream whose turn it is, if it is still there.
    private mutating func nextInQueue() -> Int? {
        let id = queue[queueHead]
        queueHead += 1
        if queueHead == queue.count {
            queue.removeAll(keepingCapacity: true)
            queueHead = 0
        } else if queueHead >= 256 {
            queue.removeFirst(queueHead)
            queueHead = 0
        }
        guard let index = streams.index(of: id) else { return nil }
        streams[index].isQueued = false
        return index
    }

    /// The whole response is written. If the request is not all there, the client is told that it need not go on
    /// (section 8.1).
    private mutating func responseEnded(at index: Int) {
        let id = streams[index].id
        if !streams[index].isRequestComplete {
            writeReset(id, .noError)
            recentlyReset.insert(id)
        }
        _ = remove(at: index)
    }

    // MARK: - Back-pressure

    /// Whether the writer of a stream has to wait now, and did not have to before.
    mutating func block(_ id: UInt32) -> Bool {
        guard let index = streams.index(of: id), !streams[index].isBlocked, streams[index].pending.bytes >= limits.bufferedBodyBytes
        else { return false }
        streams[index].isBlocked = true
        return true
    }

    private mutating func unblock(_ index: Int) {
        guard streams[index].isBlocked, streams[index].pending.bytes <= limits.bufferedBodyBytes / 2 else { return }
        streams[index].isBlocked = false
        if let owner = streams[index].owner { unblocked.append(owner) }
    }

    func isBlocked(_ id: UInt32) -> Bool { streams.index(of: id).map { streams[$0].isBlocked } ?? false }
}
