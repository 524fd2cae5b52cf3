import NIOCore

/// Cuts a stream of RESP2 or RESP3 (redis.io "Redis serialization protocol specification") into units:
/// as many consecutive replies as one call waits for, or one push message.
///
/// It only finds where values end and never builds them, so a large reply costs one look at its headers;
/// ``RESPReader`` reads the values out of a unit. A unit is a slice of the received bytes, not a copy.
struct RESPFramer {
    enum Unit: Equatable {
        case replies(RedisReplies)
        case push(ByteBuffer)
    }

    private let limits: RESPLimits
    private var buffer = ByteBuffer()
    private var scan = RESPScan()
    /// Where the reply under way began, after the buffer's reader index.
    private var replyStart = 0
    private var repliesDone = 0
    private var isPush = false
    private var containsError = false
    /// Replies of the unit under way that a push message cut off from the rest.
    private var held: ByteBuffer?

    init(limits: RESPLimits = RESPLimits()) { self.limits = limits }

    /// Bytes received and not yet handed out.
    var bufferedBytes: Int { buffer.readableBytes + (held?.readableBytes ?? 0) }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next complete unit, nil when more bytes are needed. `replies` is how many replies the oldest
    /// call waits for; it must not change before they have been handed out. With 0 (nobody waits) only
    /// push messages are legal; an array then counts as one, which is how RESP2 delivers them.
    mutating func next(replies: Int) throws(RESPError) -> Unit? {
        while true {
            if scan.missing == 0 { try beginReply(isExpected: replies > 0) }
            guard scan.missing > 0, try scanReply() else {
                guard bufferedBytes <= limits.replyBytes else { throw RESPError(.limitExceeded("replyBytes")) }
                return nil
            }
            if isPush { return .push(takePush()) }
            repliesDone += 1
            if repliesDone == replies { return .replies(takeReplies()) }
        }
    }

    private mutating func beginReply(isExpected: Bool) throws(RESPError) {
        let start = buffer.readerIndex + scan.position
        guard let type = buffer.getInteger(at: start, as: UInt8.self) else { return }
        isPush = type == RESPType.push.rawValue || (!isExpected && type == RESPType.array.rawValue)
        guard isPush || isExpected else { throw RESPError(.unsolicitedReply) }
        if type == RESPType.error.rawValue || type == RESPType.bulkError.rawValue { containsError = true }
        replyStart = scan.position
        scan.beginValue()
    }

    private mutating func scanReply() throws(RESPError) -> Bool {
        // A copy, because the closure may not touch `self` while `buffer` is being read.
        var scan = scan
        let outcome: Result<Bool, RESPError> = buffer.withUnsafeReadableBytes { bytes in
            do throws(RESPError) { return .success(try scan.advance(over: bytes, limits)) } catch { return .failure(error) }
        }
        self.scan = scan
        return try outcome.get()
    }

    private mutating func takeReplies() -> RedisReplies {
        var replies = RedisReplies(buffer.readSlice(length: scan.position) ?? ByteBuffer(), containsError: containsError)
        scan = RESPScan()
        repliesDone = 0
        containsError = false
        if var earlier = held {
            held = nil
            earlier.writeImmutableBuffer(replies.bytes)
            replies.bytes = earlier
        }
        return replies
    }

    private mutating func takePush() -> ByteBuffer {
        if replyStart > 0, let before = buffer.readSlice(length: replyStart) {
            var earlier = held ?? ByteBuffer()
            earlier.writeImmutableBuffer(before)
            held = earlier
        }
        let push = buffer.readSlice(length: scan.position - replyStart) ?? ByteBuffer()
        scan.position = 0
        return push
    }
}

/// How far a stream of values has been looked through.
private struct RESPScan {
    /// Offset of the first byte that was not looked at.
    var position = 0
    /// Values still missing of the one under way; 0 between values.
    private(set) var missing = 0
    private var elements = 0

    mutating func beginValue() {
        missing = 1
        elements += 1
    }

    /// Moves on over whole values; true when the one under way is complete.
    mutating func advance(over bytes: UnsafeRawBufferPointer, _ limits: RESPLimits) throws(RESPError) -> Bool {
        while missing > 0 {
            guard let header = try RESPHeader.read(bytes, at: position, limits) else { return false }
            var end = header.end
            switch header.body {
            case .line: missing -= 1
            case .bulk(let length):
                end += length + 2
                guard end <= bytes.count else { return false }
                guard bytes[end - 2] == UInt8(ascii: "\r"), bytes[end - 1] == UInt8(ascii: "\n") else {
                    throw RESPError(.missingTerminator)
                }
                missing -= 1
            case .aggregate(let count):
                missing += count - 1
                elements += count
            case .attribute(let count):
                // The value that the attribute describes comes after it, so that one is still missing.
                missing += count
                elements += count
            }
            guard elements <= limits.elements else { throw RESPError(.limitExceeded("elements")) }
            position = end
        }
        return true
    }
}
