import NIOCore

/// Headers as proxy-wasm hands them over: a count, the lengths of each name and value, then each text with a zero
/// behind it. Numbers are of 32 bits, little-endian.
enum HeaderPairs {
    typealias Pair = (name: String, value: String)

    /// Pairs beyond this are refused.
    static let pairsAtMost = 1_000

    static func encode(_ pairs: [Pair]) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(UInt32(pairs.count), endianness: .little)
        for pair in pairs {
            bytes.writeInteger(UInt32(pair.name.utf8.count), endianness: .little)
            bytes.writeInteger(UInt32(pair.value.utf8.count), endianness: .little)
        }
        for pair in pairs {
            bytes.writeNullTerminatedString(pair.name)
            bytes.writeNullTerminatedString(pair.value)
        }
        return bytes
    }

    /// Nil when it is none, or has too many. No bytes at all, and one that is zero, are an empty map.
    static func decode(_ bytes: ByteBuffer) -> [Pair]? {
        if bytes.readableBytes == 0 || bytes.readableBytes == 1 && bytes.readableBytesView.first == 0 { return [] }
        var bytes = bytes
        guard let count = bytes.readInteger(endianness: .little, as: UInt32.self), count <= pairsAtMost else { return nil }
        var lengths: [(Int, Int)] = []
        for _ in 0..<count {
            guard let (name, value) = bytes.readMultipleIntegers(endianness: .little, as: (UInt32, UInt32).self) else { return nil }
            lengths.append((Int(name), Int(value)))
        }
        var pairs: [Pair] = []
        for (name, value) in lengths {
            guard let nameText = text(&bytes, name), let valueText = text(&bytes, value) else { return nil }
            pairs.append((nameText, valueText))
        }
        return pairs
    }

    private static func text(_ bytes: inout ByteBuffer, _ length: Int) -> String? {
        guard length < bytes.readableBytes, let slice = bytes.readSlice(length: length), bytes.readInteger(as: UInt8.self) != nil else {
            return nil
        }
        return String(buffer: slice)
    }
}
