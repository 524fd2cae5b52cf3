/// One of the 16384 parts of a cluster's key space (redis.io "Redis cluster specification"): CRC-16 of
/// the key, or of its hash tag, which is what stands between the first `{` and the next `}`.
public struct RedisSlot: Sendable, Hashable {
    public static let count = 16_384

    public let number: UInt16

    public init(key: String) {
        var key = key
        number = key.withUTF8 { bytes in
            Self.crc16(Self.hashTag(UnsafeRawBufferPointer(bytes))) % UInt16(Self.count)
        }
    }

    init?(number: Int) {
        guard 0..<Self.count ~= number else { return nil }
        self.number = UInt16(number)
    }

    private static func hashTag(_ key: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        else { return key }
        return UnsafeRawBufferPointer(rebasing: key[open + 1..<close])
    }

    /// CRC-16/XMODEM: polynomial 0x1021, start 0, not reflected.
    private static func crc16(_ bytes: UnsafeRawBufferPointer) -> UInt16 {
        var crc: UInt16 = 0
        for byte in bytes { crc = crc << 8 ^ table[Int(crc >> 8 ^ UInt16(byte))] }
        return crc
    }

    private static let table: [UInt16] = (0..<256).map { index in
        var value = UInt16(index) << 8
        for _ in 0..<8 { value = value & 0x8000 != 0 ? value << 1 ^ 0x1021 : value << 1 }
        return value
    }
}
