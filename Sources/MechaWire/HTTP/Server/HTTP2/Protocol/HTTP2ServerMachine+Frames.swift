import NIOCore

// Frames of the peer (RFC 9113 section 6), those of requests aside.
extension HTTP2ServerMachine {
    private typealias Kind = HTTP2FrameHead.Kind
    private typealias Flag = HTTP2FrameHead.Flag

    /// What a frame means to the connection's user; nil for nothing.
    mutating func received(_ head: HTTP2FrameHead, _ payload: ByteBuffer, at now: NIODeadline) -> Event? {
        if case .settings = stage, head.kind != Kind.settings || head.has(Flag.ack) { return fail(.protocolError) }
        if let openBlock, head.kind != Kind.continuation || head.stream != openBlock.stream { return fail(.protocolError) }
        switch head.kind {
        case Kind.data: return receivedData(head, payload)
        case Kind.headers: return receivedHeaders(head, payload)
        case Kind.continuation: return receivedContinuation(head, payload)
        case Kind.rstStream: return receivedReset(head)
        case Kind.windowUpdate: return receivedWindowUpdate(head, payload)
        case Kind.pushPromise: return fail(.protocolError)
        case Kind.goAway: return head.stream != 0 ? fail(.protocolError) : head.length < 8 ? fail(.frameSizeError) : nil
        default: break
        }
        if controlRate.frameReceived(at: now) { return fail(.enhanceYourCalm, .controlFrames) }
        switch head.kind {
        case Kind.settings: return receivedSettings(head, payload)
        case Kind.ping: return receivedPing(head, payload)
        case Kind.priority:
            // Of what it says nothing is followed (section 5.3.2).
            if head.stream == 0 { return fail(.protocolError) }
            return head.length == 5 ? nil : fail(.frameSizeError)
        default: return nil
        }
    }

    /// Whether the client has opened no such stream yet; of those that servers open there are none.
    func isIdle(_ id: UInt32) -> Bool { id > lastStream || id % 2 == 0 }

    private mutating func receivedReset(_ head: HTTP2FrameHead) -> Event? {
        if head.length != 4 { return fail(.frameSizeError) }
        if isIdle(head.stream) { return fail(.protocolError) }
        return .reset(head.stream, streams.index(of: head.stream).flatMap { remove(at: $0) })
    }

    private mutating func receivedPing(_ head: HTTP2FrameHead, _ payload: ByteBuffer) -> Event? {
        if head.stream != 0 { return fail(.protocolError) }
        guard head.length == 8, let value = payload.getInteger(at: payload.readerIndex, as: UInt64.self) else {
            return fail(.frameSizeError)
        }
        if head.has(Flag.ack) { return value == Self.drainPing ? .drainPingAnswered : nil }
        writePing(value, isAnswer: true)
        return nil
    }

    // MARK: - Settings

    private mutating func receivedSettings(_ head: HTTP2FrameHead, _ payload: ByteBuffer) -> Event? {
        if head.stream != 0 { return fail(.protocolError) }
        if head.has(Flag.ack) { return head.length == 0 ? nil : fail(.frameSizeError) }
        if head.length % 6 != 0 { return fail(.frameSizeError) }
        if let failure = apply(payload) { return failure }
        stage = .frames
        writeHead(HTTP2FrameHead(length: 0, kind: Kind.settings, flags: Flag.ack, stream: 0))
        widenConnection()
        return nil
    }

    /// Takes over the peer's settings (section 6.5.2).
    mutating func apply(_ settings: ByteBuffer) -> Event? {
        var settings = settings
        var windowBytes: Int?
        while let (identifier, number) = settings.readMultipleIntegers(as: (UInt16, UInt32).self) {
            let value = Int(number)
            switch identifier {
            case 1: encoder.limitTable(to: value)
            case 2: if value > 1 { return fail(.protocolError) }
            case 4:
                if value > Self.maximumWindowBytes { return fail(.flowControlError) }
                windowBytes = value
            case 5:
                guard (Self.standardFrameBytes..<(1 << 24)).contains(value) else { return fail(.protocolError) }
                peerFrameBytes = value
            default: break
            }
        }
        // Once per frame, however often the frame says it: each time is a walk over all streams.
        return windowBytes.flatMap { setStreamWindows($0) }
    }

    /// The peer changes how much is sent on each stream, also on those that are open (section 6.9.2).
    private mutating func setStreamWindows(_ bytes: Int) -> Event? {
        let change = bytes - peerWindowBytes
        peerWindowBytes = bytes
        for index in streams.indices {
            streams[index].outboundWindow += change
            if streams[index].outboundWindow > Self.maximumWindowBytes { return fail(.flowControlError) }
            enqueue(index)
        }
        return nil
    }

    private mutating func receivedWindowUpdate(_ head: HTTP2FrameHead, _ payload: ByteBuffer) -> Event? {
        guard head.length == 4, let word = payload.getInteger(at: payload.readerIndex, as: UInt32.self) else {
            return fail(.frameSizeError)
        }
        let increment = Int(word & 0x7fff_ffff)
        if head.stream == 0 {
            if increment == 0 { return fail(.protocolError) }
            outboundWindow += increment
            return outboundWindow > Self.maximumWindowBytes ? fail(.flowControlError) : nil
        }
        if isIdle(head.stream) { return fail(.protocolError) }
        // It may have crossed our last frame of the stream.
        guard let index = streams.index(of: head.stream) else { return nil }
        if increment == 0 { return failStream(head.stream, .protocolError) }
        streams[index].outboundWindow += increment
        if streams[index].outboundWindow > Self.maximumWindowBytes { return failStream(head.stream, .flowControlError) }
        enqueue(index)
        return nil
    }
}
