import NIOCore
import SwiftProtobuf

/// Messages to frames and back, with compression and limits.
enum GRPCMessageCoding {
    /// The frame of `message`, compressed with gzip if asked.
    static func encode(_ message: some Message, gzip: Bool, limits: GRPCLimits) throws(GRPCStatus) -> ByteBuffer {
        let bytes: GRPCFrameBytes
        do {
            bytes = try message.serializedBytes()
        } catch {
            throw GRPCStatus(.internal, "a message of type \(type(of: message).protoMessageName) could not be serialized")
        }
        guard bytes.count <= limits.sentMessageBytes else {
            throw GRPCStatus(
                .resourceExhausted, "a message of \(bytes.count) bytes is larger than the limit of \(limits.sentMessageBytes)")
        }
        guard gzip else { return bytes.frame }
        var payload = bytes.frame
        payload.moveReaderIndex(forwardBy: GRPCFrame.prefixBytes)
        return try compressed(payload)
    }

    /// The frame of a message that is bytes already.
    static func encode(bytes: ByteBuffer, gzip: Bool, limits: GRPCLimits) throws(GRPCStatus) -> ByteBuffer {
        guard bytes.readableBytes <= limits.sentMessageBytes else {
            throw GRPCStatus(
                .resourceExhausted, "a message of \(bytes.readableBytes) bytes is larger than the limit of \(limits.sentMessageBytes)")
        }
        if gzip { return try compressed(bytes) }
        var frame = ByteBufferAllocator().buffer(capacity: GRPCFrame.prefixBytes + bytes.readableBytes)
        frame.writeMultipleIntegers(UInt8(0), UInt32(clamping: bytes.readableBytes))
        frame.writeImmutableBuffer(bytes)
        return frame
    }

    private static func compressed(_ payload: ByteBuffer) throws(GRPCStatus) -> ByteBuffer {
        let compressed = try Gzip.compress(payload)
        var frame = ByteBufferAllocator().buffer(capacity: GRPCFrame.prefixBytes + compressed.readableBytes)
        frame.writeMultipleIntegers(UInt8(1), UInt32(clamping: compressed.readableBytes))
        frame.writeImmutableBuffer(compressed)
        return frame
    }

    /// The bytes of the message in `frame`. `encoding` is what the peer named in `grpc-encoding`.
    static func payload(of frame: GRPCFrame, encoding: GRPCEncoding, limits: GRPCLimits) throws(GRPCStatus) -> ByteBuffer {
        guard frame.isCompressed else { return frame.payload }
        guard encoding == .gzip else {
            throw GRPCStatus(.internal, "a message is marked as compressed, but grpc-encoding names no compression")
        }
        return try Gzip.decompress(frame.payload, limitBytes: limits.receivedMessageBytes)
    }

    /// The message in `frame`. `encoding` is what the peer named in `grpc-encoding`.
    static func decode<Body: Message>(
        _ type: Body.Type, from frame: GRPCFrame, encoding: GRPCEncoding, limits: GRPCLimits
    ) throws(GRPCStatus) -> Body {
        let payload = try payload(of: frame, encoding: encoding, limits: limits)
        do {
            return try Body(serializedBytes: payload.readableBytesSpan)
        } catch {
            throw GRPCStatus(.internal, "a message could not be read as \(Body.protoMessageName)")
        }
    }
}
