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
        let compressed = try Gzip.compress(payload)
        var frame = ByteBufferAllocator().buffer(capacity: GRPCFrame.prefixBytes + compressed.readableBytes)
        frame.writeMultipleIntegers(UInt8(1), UInt32(clamping: compressed.readableBytes))
        frame.writeImmutableBuffer(compressed)
        return frame
    }

    /// The message in `frame`. `encoding` is what the peer named in `grpc-encoding`.
    static func decode<Body: Message>(
        _ type: Body.Type, from frame: GRPCFrame, encoding: GRPCEncoding, limits: GRPCLimits
    ) throws(GRPCStatus) -> Body {
        var payload = frame.payload
        if frame.isCompressed {
            guard encoding == .gzip else {
                throw GRPCStatus(.internal, "a message is marked as compressed, but grpc-encoding names no compression")
            }
            payload = try Gzip.decompress(payload, limitBytes: limits.receivedMessageBytes)
        }
        do {
            return try Body(serializedBytes: payload.readableBytesSpan)
        } catch {
            throw GRPCStatus(.internal, "a message could not be read as \(Body.protoMessageName)")
        }
    }
}
