import CZlib
import NIOCore

/// gzip (RFC 1952) of whole messages by zlib.
package enum Gzip {
    /// zlib's window size of 15 bits, plus 16 for the gzip wrapper.
    private static let windowBits: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8
    /// Decompressed bytes come in pieces of at least this size.
    private static let pieceBytes = 16 << 10

    package static func compress(_ plain: ByteBuffer) throws(GRPCStatus) -> ByteBuffer {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw GRPCStatus(.resourceExhausted, "no memory to compress a message") }
        defer { deflateEnd(&stream) }
        // zlib's bound makes one call enough.
        let bound = Int(deflateBound(&stream, UInt(plain.readableBytes)))
        var compressed = ByteBufferAllocator().buffer(capacity: bound)
        let result = step(&stream, from: plain, into: &compressed, atLeast: bound) { deflate(&$0, Z_FINISH) }
        guard result == Z_STREAM_END else { throw GRPCStatus(.internal, "a message could not be compressed") }
        return compressed
    }

    /// Throws RESOURCE_EXHAUSTED as soon as more than `limitBytes` come out, so that a small message
    /// cannot fill the memory.
    ///
    /// - Parameter takesMembers: whether several members may follow each other, as in files; a message has one.
    package static func decompress(
        _ compressed: ByteBuffer, limitBytes: Int, takesMembers: Bool = false
    ) throws(GRPCStatus) -> ByteBuffer {
        var stream = z_stream()
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw GRPCStatus(.resourceExhausted, "no memory to decompress a message")
        }
        defer { inflateEnd(&stream) }
        var rest = compressed
        var plain = ByteBuffer()
        while true {
            let available = rest.readableBytes
            let piece = min(max(pieceBytes, plain.readableBytes), limitBytes - plain.readableBytes + 1)
            let before = plain.readableBytes
            let result = step(&stream, from: rest, into: &plain, atLeast: piece) { inflate(&$0, Z_NO_FLUSH) }
            rest.moveReaderIndex(forwardBy: available - Int(stream.avail_in))
            guard plain.readableBytes <= limitBytes else {
                throw GRPCStatus(.resourceExhausted, "a decompressed message is larger than the limit of \(limitBytes) bytes")
            }
            if result == Z_STREAM_END, rest.readableBytes == 0 { return plain }
            if result == Z_STREAM_END, takesMembers, inflateReset(&stream) == Z_OK { continue }
            // No progress means that the input ended early.
            guard result == Z_OK, plain.readableBytes > before || rest.readableBytes < available else {
                throw GRPCStatus(.internal, "a compressed message is not gzip")
            }
        }
    }

    /// One call of zlib from all of `input` into up to `space` fresh bytes of `output`.
    private static func step(
        _ stream: inout z_stream, from input: ByteBuffer, into output: inout ByteBuffer, atLeast space: Int,
        _ body: (inout z_stream) -> Int32
    ) -> Int32 {
        input.withUnsafeReadableBytes { source in
            var result = Z_STREAM_ERROR
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: space) { target in
                let space = min(space, target.count)
                // zlib only reads through next_in; its declaration predates const.
                stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(clamping: source.count)
                stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(clamping: space)
                result = body(&stream)
                return space - Int(stream.avail_out)
            }
            return result
        }
    }
}
