import NIOCore

/// Where a component writes to.
final class GuestOutputStream: @unchecked Sendable {
    /// Bytes of one write.
    static let permittedBytes = 64 << 10

    private enum Target {
        case body(OutgoingBody)
        /// Standard output (1) or error (2).
        case log(UInt32)
        case nothing
        /// Nil appends.
        case file(GuestFile, UInt64?)
    }

    private var target: Target

    init(_ body: OutgoingBody) { target = .body(body) }

    init(log descriptor: UInt32) { target = .log(descriptor) }

    init() { target = .nothing }

    init(_ file: GuestFile, at offset: UInt64?) { target = .file(file, offset) }

    /// Where the caller has to write the bytes, when that takes time.
    func write(_ bytes: ByteBuffer, _ guest: ComponentGuest) throws -> (GuestFile, UInt64?)? {
        switch target {
        case .body(let body): try body.append(bytes)
        case .log(let descriptor): bytes.withUnsafeReadableBytes { guest.write($0, to: descriptor) }
        case .nothing: break
        case .file(let file, let offset): return (file, offset)
        }
        return nil
    }

    func advance(_ count: Int) {
        if case .file(let file, let offset?) = target { target = .file(file, offset + UInt64(count)) }
    }
}
