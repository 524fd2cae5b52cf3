import NIOCore

/// The nine bytes before each frame's payload (RFC 9113 section 4.1).
struct HTTP2FrameHead {
    enum Kind {
        static let data: UInt8 = 0, headers: UInt8 = 1, priority: UInt8 = 2, rstStream: UInt8 = 3, settings: UInt8 = 4
        static let pushPromise: UInt8 = 5, ping: UInt8 = 6, goAway: UInt8 = 7, windowUpdate: UInt8 = 8, continuation: UInt8 = 9
    }

    enum Flag {
        static let ack: UInt8 = 0x1, endStream: UInt8 = 0x1, endHeaders: UInt8 = 0x4, padded: UInt8 = 0x8, priority: UInt8 = 0x20
    }

    static let bytes = 9

    let length: Int
    let kind: UInt8
    let flags: UInt8
    let stream: UInt32

    /// Nil as long as not all of it is there; takes nothing away.
    init?(_ input: ByteBuffer) {
        guard
            let (word, flags, stream) = input.withUnsafeReadableBytes({ bytes -> (UInt32, UInt8, UInt32)? in
                guard bytes.count >= Self.bytes else { return nil }
                return (
                    UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)), bytes[4],
                    UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 5, as: UInt32.self))
                )
            })
        else { return nil }
        length = Int(word >> 8)
        kind = UInt8(truncatingIfNeeded: word)
        self.flags = flags
        self.stream = stream & 0x7fff_ffff
    }

    init(length: Int, kind: UInt8, flags: UInt8 = 0, stream: UInt32) {
        self.length = length
        self.kind = kind
        self.flags = flags
        self.stream = stream
    }

    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    func write(into out: inout ByteBuffer) {
        out.writeMultipleIntegers(UInt32(length) << 8 | UInt32(kind), flags, stream)
    }
}
