import NIOCore
import NIOHPACK
import NIOHTTP1

/// The server's side of an HTTP/2 connection (RFC 9113): takes bytes, gives events, and writes frames into its
/// ``output``. Knows no channel, no clock and no service.
///
/// Reading is in `+Frames` and `+Requests`, writing in `+Responses`.
struct HTTP2ServerMachine {
    enum Event {
        /// A stream was opened; it has no owner yet.
        case request(UInt32, HPACKHeaders, HTTP2RequestSummary, isEnd: Bool)
        case data(UInt32, ByteBuffer, isEnd: Bool)
        case trailers(UInt32, HTTPHeaders)
        /// The peer reset a stream; it is gone.
        case reset(UInt32, HTTP2ServerStream?)
        /// The peer broke the rules on a stream, which was reset and is gone.
        case streamFailed(UInt32, HTTP2ServerStream?)
        /// The peer has seen everything before our ``drainPing``.
        case drainPingAnswered
        case limitExceeded(WireLimits.Name)
        /// The peer broke the rules of the connection: GOAWAY is written, nothing more is read.
        case failed(HTTP2Code, WireLimits.Name?)
    }

    enum Stage {
        /// The client's preface is to come, of which so many bytes have been seen.
        case preface(Int)
        /// The client's first SETTINGS are to come.
        case settings
        case frames
        case over
    }

    /// A header block that goes on in another frame.
    struct OpenBlock {
        let stream: UInt32
        let isEnd: Bool
        var bytes: ByteBuffer
        var continuations = 0
    }

    static let drainPing: UInt64 = 0x6d65_6368_6164_7261
    /// Of the windows of RFC 9113 section 6.9.
    static let initialWindowBytes = 65_535
    static let maximumWindowBytes = 0x7fff_ffff
    /// SETTINGS_MAX_FRAME_SIZE where nobody changes it: of what we take always, of what we send until the peer does.
    static let standardFrameBytes = 16 << 10
    static let highestStream: UInt32 = 0x7fff_ffff

    let limits: WireLimits
    var upgrade: HTTP2Upgrade?
    /// Of the shard that sweeps the connection.
    var tick: UInt32 = 0

    // MARK: Input

    var stage = Stage.preface(0)
    var input = ByteBuffer()
    var openBlock: OpenBlock?
    var decoder: HeaderBlockDecoder
    var controlRate: HTTP2ControlRate
    /// DATA frames without any data, one after the other.
    var emptyDataFrames = 0

    // MARK: Streams

    var streams = HTTP2StreamTable()
    var lastStream: UInt32 = 0
    /// The highest stream that is served, once the peer was told.
    var servedStreams = highestStream
    var recentlyReset = HTTP2RecentStreams()

    // MARK: Flow control

    /// What the peer may send on all streams.
    var inboundWindow = initialWindowBytes
    /// Received bytes that no consumer has taken, over all streams.
    var withheldBytes = 0
    /// What we may send on all streams.
    var outboundWindow = initialWindowBytes
    var peerWindowBytes = initialWindowBytes
    var peerFrameBytes = standardFrameBytes
    /// Bytes of responses that are not written, over all streams.
    var pendingBytes = 0
    /// Streams with something to send and a window to send it into, in turn.
    var queue: [UInt32] = []
    var queueHead = 0
    /// Streams whose writers may go on.
    var unblocked: [HTTP2ServerStream] = []

    // MARK: Output

    var output = HTTP2Output()
    var encoder = HeaderBlockEncoder()
    /// Whether the channel takes more. While it does not, bodies wait here.
    var isWritable = true {
        didSet { if isWritable { unreadFrames = 0 } }
    }
    /// Frames other than DATA that were written although the channel takes no more.
    var unreadFrames = 0

    init(limits: WireLimits, upgrade: HTTP2Upgrade? = nil) {
        self.limits = limits
        self.upgrade = upgrade
        // Twice what is served: a block a little too large is answered (431) rather than cut off.
        decoder = HeaderBlockDecoder(listLimitBytes: limits.headerBytes * 2)
        controlRate = HTTP2ControlRate(limit: limits.controlFramesPer10Milliseconds)
    }

    /// Whether the client's first SETTINGS have come.
    var isOpen: Bool {
        if case .frames = stage { true } else { false }
    }

    /// Frames that may wait for a peer that does not read: all answers to all streams, twice.
    var unreadFrameLimit: Int { max(1_000, limits.streamsPerConnection * 4) }

    // MARK: - Events

    mutating func receive(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 { input = bytes } else { input.writeImmutableBuffer(bytes) }
    }

    /// The next thing that the received bytes say; nil when they say no more.
    mutating func next(at now: NIODeadline) -> Event? {
        loop: while true {
            switch stage {
            case .over: break loop
            case .preface(let count):
                guard let isRight = takePreface(from: count) else { break loop }
                guard isRight else { return fail(.protocolError) }
                stage = .settings
                if let event = takeUpgrade() { return event }
            case .settings, .frames:
                guard let head = HTTP2FrameHead(input) else { break loop }
                guard head.length <= Self.standardFrameBytes else { return fail(.frameSizeError) }
                guard input.readableBytes >= HTTP2FrameHead.bytes + head.length else { break loop }
                input.moveReaderIndex(forwardBy: HTTP2FrameHead.bytes)
                guard let payload = input.readSlice(length: head.length) else { break loop }
                if let event = received(head, payload, at: now) { return event }
                if unreadFrames > unreadFrameLimit { return fail(.enhanceYourCalm, .controlFrames) }
            }
        }
        if input.readableBytes == 0 { input = ByteBuffer() }
        return nil
    }

    private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// Whether the client's preface is what it must be, of which `count` bytes came before; nil when it is not all there.
    private mutating func takePreface(from count: Int) -> Bool? {
        let preface = UnsafeRawBufferPointer(start: Self.preface.utf8Start, count: Self.preface.utf8CodeUnitCount)
        let length = min(preface.count - count, input.readableBytes)
        guard input.readableBytesView.prefix(length).elementsEqual(preface[count..<(count + length)]) else { return false }
        input.moveReaderIndex(forwardBy: length)
        stage = .preface(count + length)
        return count + length == preface.count ? true : nil
    }

    /// Stream 1, which came as a request of HTTP/1.1. Not before the client's preface, because until that is out a
    /// client may not have room for more of the answer than its HTTP/1.1 side holds (curl: 32 KiB).
    private mutating func takeUpgrade() -> Event? {
        guard let upgrade else { return nil }
        self.upgrade = nil
        if let failure = apply(upgrade.settings) { return failure }
        lastStream = 1
        return open(1, upgrade.headers, HTTP2RequestSummary(upgrade.headers), isEnd: true)
    }

    // MARK: - Ends

    /// Ends the connection for what the peer did.
    mutating func fail(_ code: HTTP2Code, _ limit: WireLimits.Name? = nil) -> Event {
        writeGoAway(lastStream, code)
        stop()
        return .failed(code, limit)
    }

    /// Reads nothing more.
    mutating func stop() {
        stage = .over
        input = ByteBuffer()
        openBlock = nil
    }

    /// Ends a stream for what the peer did on it.
    mutating func failStream(_ id: UInt32, _ code: HTTP2Code) -> Event {
        .streamFailed(id, reset(id, code))
    }

    /// Resets a stream; who served it, if it was open.
    @discardableResult
    mutating func reset(_ id: UInt32, _ code: HTTP2Code) -> HTTP2ServerStream? {
        writeReset(id, code)
        recentlyReset.insert(id)
        return streams.index(of: id).flatMap { remove(at: $0) }
    }

    /// Forgets a stream and what was held for it.
    mutating func remove(at index: Int) -> HTTP2ServerStream? {
        let state = streams.remove(at: index)
        pendingBytes -= state.pending.bytes
        withheldBytes -= state.unreturnedBytes
        widenConnection()
        return state.owner
    }

    /// Forgets all streams; who served them.
    mutating func removeAll() -> [HTTP2ServerStream] {
        queue = []
        queueHead = 0
        unblocked = []
        pendingBytes = 0
        return streams.removeAll().compactMap(\.owner)
    }
}
