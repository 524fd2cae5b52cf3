import NIOCore

/// What a call of the host came to: bytes, and attributes beside them (`etag`, `status`, headers, ...).
struct GuestResult: Sendable {
    var bytes: ByteBuffer
    var attributes: [(name: String, value: String)]

    init(_ bytes: ByteBuffer = ByteBuffer(), attributes: [(name: String, value: String)] = []) {
        self.bytes = bytes
        self.attributes = attributes
    }
}
