import NIOCore
import SwiftProtobuf

/// Lets SwiftProtobuf serialize a message straight behind the prefix of its frame: one allocation, no copy.
struct GRPCFrameBytes: SwiftProtobufContiguousBytes {
    /// The whole uncompressed frame.
    private(set) var frame: ByteBuffer

    init(repeating value: UInt8, count: Int) {
        frame = ByteBufferAllocator().buffer(capacity: GRPCFrame.prefixBytes + count)
        frame.writeMultipleIntegers(UInt8(0), UInt32(clamping: count))
        frame.writeRepeatingByte(value, count: count)
    }

    init(_ sequence: some Sequence<UInt8>) {
        let bytes = Array(sequence)
        self.init(repeating: 0, count: bytes.count)
        frame.setBytes(bytes, at: frame.readerIndex + GRPCFrame.prefixBytes)
    }

    var count: Int { frame.readableBytes - GRPCFrame.prefixBytes }

    func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try frame.withUnsafeReadableBytes { try body(UnsafeRawBufferPointer(rebasing: $0[GRPCFrame.prefixBytes...])) }
    }

    mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        try frame.withUnsafeMutableReadableBytes {
            try body(UnsafeMutableRawBufferPointer(rebasing: $0[GRPCFrame.prefixBytes...]))
        }
    }
}
