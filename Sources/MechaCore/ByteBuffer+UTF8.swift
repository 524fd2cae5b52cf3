import NIOCore

extension ByteBuffer {
    /// Whether the readable bytes are valid UTF-8. Builds nothing where they are ASCII.
    package var isUTF8: Bool {
        let isASCII = withUnsafeReadableBytes { bytes in
            var all: UInt8 = 0
            for byte in bytes { all |= byte }
            return all < 0x80
        }
        return isASCII || String(validating: readableBytesView, as: UTF8.self) != nil
    }
}
