import NIOCore

/// Where a component reads from.
final class GuestInputStream: @unchecked Sendable {
    /// Bytes that one read gives at most: each costs the library forty in memory on their way.
    static let chunkBytesAtMost = 64 << 10

    private enum Source {
        case bytes(ByteBuffer)
        case file(GuestFile, UInt64)
        case closed
    }

    private var source: Source

    init(_ bytes: ByteBuffer) { source = .bytes(bytes) }

    init(_ file: GuestFile, at offset: UInt64) { source = .file(file, offset) }

    enum Reading {
        case bytes(ByteBuffer)
        case closed
        /// Reads from there, tells ``advance(_:)`` then.
        case file(GuestFile, UInt64)
    }

    func read(_ count: Int) -> Reading {
        switch source {
        case .bytes(var bytes):
            guard bytes.readableBytes > 0 else { return .closed }
            let part = bytes.readSlice(length: min(count, bytes.readableBytes)) ?? ByteBuffer()
            source = .bytes(bytes)
            return .bytes(part)
        case .file(let file, let offset): return .file(file, offset)
        case .closed: return .closed
        }
    }

    func advance(_ count: Int) {
        if case .file(let file, let offset) = source { source = .file(file, offset + UInt64(count)) }
    }

    func close() { source = .closed }
}
