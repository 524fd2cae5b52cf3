import NIOCore

/// Cuts a stream of bytes into packets (MQTT §2.1). A packet beyond the limit is passed over without being kept,
/// so that one message that is too large does not end the connection.
struct MQTTFramer {
    enum Unit: Equatable {
        case packet(header: UInt8, body: ByteBuffer)
        /// A packet of so many bytes was left out.
        case oversized(header: UInt8, bytes: Int)
    }

    private let maximumPacketBytes: Int
    private var bytes = ByteBuffer()
    /// Bytes of an oversized packet that are still to come.
    private var skipping = 0

    init(maximumPacketBytes: Int) { self.maximumPacketBytes = maximumPacketBytes }

    mutating func append(_ more: ByteBuffer) {
        var more = more
        let skipped = min(skipping, more.readableBytes)
        more.moveReaderIndex(forwardBy: skipped)
        skipping -= skipped
        guard more.readableBytes > 0 else { return }
        if bytes.readableBytes == 0 {
            bytes = more
        } else {
            bytes.writeBuffer(&more)
        }
    }

    /// The next packet; nil until it is complete.
    mutating func next() throws(MQTTError) -> Unit? {
        guard let header = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) else { return nil }
        var length = 0
        var prefix = 1
        while true {
            guard let byte = bytes.getInteger(at: bytes.readerIndex + prefix, as: UInt8.self) else { return nil }
            length |= Int(byte & 0x7f) << (7 * (prefix - 1))
            prefix += 1
            if byte < 0x80 { break }
            guard prefix <= 4 else { throw MQTTError(.badRemainingLength) }
        }
        guard prefix + length <= maximumPacketBytes else {
            let present = min(bytes.readableBytes, prefix + length)
            skipping = prefix + length - present
            bytes.moveReaderIndex(forwardBy: present)
            forgetIfEmpty()
            return .oversized(header: header, bytes: prefix + length)
        }
        guard bytes.readableBytes >= prefix + length else {
            bytes.reserveCapacity(minimumWritableBytes: prefix + length - bytes.readableBytes)
            return nil
        }
        bytes.moveReaderIndex(forwardBy: prefix)
        guard let body = bytes.readSlice(length: length) else { return nil }
        forgetIfEmpty()
        return .packet(header: header, body: body)
    }

    /// A framer that waits holds no memory.
    private mutating func forgetIfEmpty() {
        if bytes.readableBytes == 0 { bytes = ByteBuffer() }
    }
}
