import NIOCore

/// Cuts a stream of bytes into gRPC messages, whatever pieces the bytes come in.
///
/// Knows no channel: bytes go in by ``append(_:)``, frames come out of ``next()``. After an error the
/// stream cannot be read on, and every further call gives the same error.
struct GRPCFrameDecoder: Sendable {
    private enum Phase {
        case prefix
        case payload(isCompressed: Bool, count: Int)
        case failed(GRPCStatus)
    }

    private var phase = Phase.prefix
    private var unread = ByteBuffer()
    private let limitBytes: Int

    /// - Parameter limitBytes: the largest payload; a prefix that announces more fails before the payload is held.
    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Whether the bytes so far end with a whole message.
    var isAtBoundary: Bool {
        if case .prefix = phase { unread.readableBytes == 0 } else { false }
    }

    /// Bytes that were appended and are in no frame yet.
    var unreadBytes: Int { unread.readableBytes }

    mutating func append(_ chunk: ByteBuffer) {
        if unread.readableBytes == 0 {
            unread = chunk
        } else {
            unread.writeImmutableBuffer(chunk)
        }
    }

    /// The next whole message, or nil when more bytes are needed.
    mutating func next() throws(GRPCStatus) -> GRPCFrame? {
        if case .prefix = phase {
            guard let (flag, count) = unread.readMultipleIntegers(as: (UInt8, UInt32).self) else { return nil }
            guard flag <= 1 else {
                throw fail(GRPCStatus(.internal, "the prefix of a message has the flags \(flag), expected 0 or 1"))
            }
            guard count <= limitBytes else {
                throw fail(GRPCStatus(.resourceExhausted, "a message of \(count) bytes is larger than the limit of \(limitBytes)"))
            }
            phase = .payload(isCompressed: flag == 1, count: Int(count))
        }
        switch phase {
        case .failed(let status): throw status
        case .prefix: return nil
        case .payload(let isCompressed, let count):
            guard let payload = unread.readSlice(length: count) else { return nil }
            phase = .prefix
            // Lets go of the storage, so that the next chunk is taken as it is.
            if unread.readableBytes == 0 { unread = ByteBuffer() }
            return GRPCFrame(isCompressed: isCompressed, payload: payload)
        }
    }

    private mutating func fail(_ status: GRPCStatus) -> GRPCStatus {
        phase = .failed(status)
        unread = ByteBuffer()
        return status
    }
}
