import NIOCore
import NIOHPACK
import NIOHTTP1

// Requests: header blocks and bodies (RFC 9113 sections 6.1, 6.2, 6.10 and 8.1).
extension HTTP2ServerMachine {
    private typealias Flag = HTTP2FrameHead.Flag

    /// DATA frames without data that may follow each other.
    private static let emptyDataFrameLimit = 8

    /// CONTINUATION frames of one block: as many as the largest block needs, and some.
    private var continuationLimit: Int { limits.headerBytes / Self.standardFrameBytes + 2 }

    // MARK: - Header blocks

    mutating func receivedHeaders(_ head: HTTP2FrameHead, _ payload: ByteBuffer) -> Event? {
        emptyDataFrames = 0
        if head.stream % 2 == 0 { return fail(.protocolError) }
        var block = payload
        guard removePadding(head, from: &block) else { return fail(.protocolError) }
        if head.has(Flag.priority) {
            guard let dependency = block.readInteger(as: UInt32.self), block.readInteger(as: UInt8.self) != nil else {
                return fail(.frameSizeError)
            }
            // RFC 7540 section 5.3.1.
            if dependency & 0x7fff_ffff == head.stream { return fail(.protocolError) }
        }
        let isEnd = head.has(Flag.endStream)
        if head.has(Flag.endHeaders) { return receivedBlock(head.stream, block, isEnd: isEnd) }
        openBlock = OpenBlock(stream: head.stream, isEnd: isEnd, bytes: block)
        return nil
    }

    mutating func receivedContinuation(_ head: HTTP2FrameHead, _ payload: ByteBuffer) -> Event? {
        guard var block = openBlock else { return fail(.protocolError) }
        openBlock = nil
        block.continuations += 1
        guard block.continuations <= continuationLimit, block.bytes.readableBytes + payload.readableBytes <= decoder.listLimitBytes
        else { return fail(.enhanceYourCalm, .headerBytes) }
        block.bytes.writeImmutableBuffer(payload)
        if head.has(Flag.endHeaders) { return receivedBlock(head.stream, block.bytes, isEnd: block.isEnd) }
        openBlock = block
        return nil
    }

    /// Takes the padding away; false if there is more of it than payload.
    private func removePadding(_ head: HTTP2FrameHead, from payload: inout ByteBuffer) -> Bool {
        guard head.has(Flag.padded) else { return true }
        guard let count = payload.readInteger(as: UInt8.self), Int(count) <= payload.readableBytes else { return false }
        payload.moveWriterIndex(to: payload.writerIndex - Int(count))
        return true
    }

    /// A whole block; each is decoded, whether it is wanted or not, for it may change the table.
    private mutating func receivedBlock(_ id: UInt32, _ block: ByteBuffer, isEnd: Bool) -> Event? {
        if id > lastStream { return receivedRequest(id, block, isEnd: isEnd) }
        let index = streams.index(of: id)
        // A stream that is over does not open again (section 5.1.1).
        guard index != nil || recentlyReset.contains(id) else { return fail(.streamClosed) }
        var trailers = HTTPHeaders()
        var areSound = true
        let failure = decode(block) { field in
            if field.mayBeTrailer { trailers.add(name: field.name, value: field.value) } else { areSound = false }
        }
        if let failure { return failure }
        guard let index else { return nil }
        if streams[index].isRequestComplete { return failStream(id, .streamClosed) }
        guard isEnd, areSound, streams[index].owedBytes ?? 0 == 0 else { return failStream(id, .protocolError) }
        requestEnded(at: index)
        return .trailers(id, trailers)
    }

    private mutating func receivedRequest(_ id: UInt32, _ block: ByteBuffer, isEnd: Bool) -> Event? {
        lastStream = id
        var headers = HPACKHeaders()
        headers.reserveCapacity(12)
        var summary = HTTP2RequestSummary()
        let failure = decode(block) { field in
            summary.add(field)
            // Not even to be looked at further up, where names are ASCII.
            if field.role != .malformed { headers.add(name: field.name, value: field.value) }
        }
        if let failure { return failure }
        summary.finish()
        if id > servedStreams {
            reset(id, .refusedStream)
            return nil
        }
        if streams.count >= limits.streamsPerConnection {
            reset(id, .refusedStream)
            return .limitExceeded(.streamsPerConnection)
        }
        return open(id, headers, summary, isEnd: isEnd)
    }

    mutating func open(_ id: UInt32, _ headers: HPACKHeaders, _ summary: HTTP2RequestSummary, isEnd: Bool) -> Event? {
        if summary.flaw != nil || (isEnd && summary.contentLength ?? 0 > 0) { return failStream(id, .protocolError) }
        streams.append(
            HTTP2StreamState(
                id: id, isRequestComplete: isEnd, owedBytes: summary.contentLength, inboundWindow: limits.streamWindowBytes,
                outboundWindow: peerWindowBytes, tick: tick))
        return .request(id, headers, summary, isEnd: isEnd)
    }

    /// Gives the fields of `block` to `take`.
    private mutating func decode(_ block: ByteBuffer, _ take: (HeaderField) -> Void) -> Event? {
        let failure = block.withUnsafeReadableBytes { bytes -> HeaderBlockDecoder.Failure? in
            do throws(HeaderBlockDecoder.Failure) {
                try decoder.decode(bytes, take)
                return nil
            } catch {
                return error
            }
        }
        switch failure {
        case .malformed?: return fail(.compressionError)
        case .tooLarge?: return fail(.enhanceYourCalm, .headerBytes)
        case nil: return nil
        }
    }

    // MARK: - Bodies

    mutating func receivedData(_ head: HTTP2FrameHead, _ payload: ByteBuffer) -> Event? {
        if isIdle(head.stream) { return fail(.protocolError) }
        // Padding counts too (section 6.9.1).
        let flowBytes = head.length
        inboundWindow -= flowBytes
        if inboundWindow < 0 { return fail(.flowControlError) }
        var chunk = payload
        guard removePadding(head, from: &chunk) else { return fail(.protocolError) }
        let isEnd = head.has(Flag.endStream)
        if chunk.readableBytes > 0 || isEnd { emptyDataFrames = 0 } else { emptyDataFrames += 1 }
        if emptyDataFrames > Self.emptyDataFrameLimit { return fail(.enhanceYourCalm, .controlFrames) }
        guard let index = streams.index(of: head.stream) else {
            widenConnection()
            return recentlyReset.contains(head.stream) ? nil : failStream(head.stream, .streamClosed)
        }
        if streams[index].isRequestComplete { return failStream(head.stream, .streamClosed) }
        streams[index].inboundWindow -= flowBytes
        if streams[index].inboundWindow < 0 { return failStream(head.stream, .flowControlError) }
        if let owed = streams[index].owedBytes {
            let rest = owed - chunk.readableBytes
            if rest < 0 || (isEnd && rest > 0) { return failStream(head.stream, .protocolError) }
            streams[index].owedBytes = rest
        }
        streams[index].waitingSince = tick
        streams[index].unreturnedBytes += flowBytes
        withheldBytes += flowBytes
        if isEnd { requestEnded(at: index) }
        return .data(head.stream, chunk, isEnd: isEnd)
    }

    private mutating func requestEnded(at index: Int) {
        streams[index].isRequestComplete = true
        withheldBytes -= streams[index].unreturnedBytes
        streams[index].unreturnedBytes = 0
        widenConnection()
    }

    // MARK: - Windows

    /// Whether the body of a stream is taken by somebody.
    mutating func setReading(_ isReading: Bool, on id: UInt32) {
        guard let index = streams.index(of: id) else { return }
        streams[index].isPaused = !isReading
        guard isReading, !streams[index].isRequestComplete else { return }
        streams[index].waitingSince = tick
        returnWindow(of: id)
    }

    /// Lets the peer send on after half of the window is consumed.
    mutating func returnWindow(of id: UInt32) {
        guard let index = streams.index(of: id), !streams[index].isPaused, !streams[index].isRequestComplete else {
            return widenConnection()
        }
        let bytes = streams[index].unreturnedBytes
        guard bytes >= limits.streamWindowBytes / 2 else { return widenConnection() }
        streams[index].unreturnedBytes = 0
        streams[index].inboundWindow += bytes
        withheldBytes -= bytes
        writeWindowUpdate(id, bytes)
        widenConnection()
    }

    /// Gives the peer new window for the connection as long as its streams' consumers keep up.
    mutating func widenConnection() {
        let target = limits.connectionWindowBytes
        guard inboundWindow <= target / 2, withheldBytes < target, isOpen else { return }
        writeWindowUpdate(0, target - inboundWindow)
        inboundWindow = target
    }
}
