import MechaWire
import NIOCore

/// Upper case of UTF-8 that comes in pieces: letters with an upper case of one letter are replaced, all else,
/// bytes that are no UTF-8 included, stays.
struct UppercaseTransform: BodyTransform {
    /// The begin of a character whose end has not come; 3 bytes at most.
    private var cut: [UInt8] = []

    mutating func transform(_ chunk: ByteBuffer) -> ByteBuffer {
        if cut.isEmpty, chunk.readableBytesView.allSatisfy({ $0 < 0x80 }) { return Self.ascii(chunk) }
        let bytes = cut + Array(chunk.readableBytesView)
        cut = []
        var output = ByteBuffer()
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let length = Self.length(bytes[index])
            guard length > 1 else {
                output.writeInteger(Self.ascii(bytes[index]))
                index += 1
                continue
            }
            let available = bytes[index...].prefix(length)
            let isWhole = available.dropFirst().allSatisfy { $0 & 0xc0 == 0x80 }
            if isWhole, available.count < length {
                cut = Array(available)
                break
            }
            if isWhole, let scalar = Self.scalar(available) {
                output.writeBytes(Self.upper(scalar).utf8)
                index += length
            } else {
                output.writeInteger(bytes[index])
                index += 1
            }
        }
        return output
    }

    mutating func finish() -> ByteBuffer {
        defer { cut = [] }
        return ByteBuffer(bytes: cut)
    }

    private static func ascii(_ chunk: ByteBuffer) -> ByteBuffer {
        var chunk = chunk
        chunk.withUnsafeMutableReadableBytes { bytes in
            for index in bytes.indices { bytes[index] = ascii(bytes[index]) }
        }
        return chunk
    }

    private static func ascii(_ byte: UInt8) -> UInt8 { byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte }

    /// Bytes of the character that begins so; 1 for ASCII and for what begins none.
    private static func length(_ byte: UInt8) -> Int {
        switch byte {
        case 0xc2...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xf4: 4
        default: 1
        }
    }

    private static func scalar(_ bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        return text.unicodeScalars.first
    }

    /// The letter's upper case where that is one letter; others, such as of ß, would not be letter for letter.
    private static func upper(_ scalar: Unicode.Scalar) -> String {
        let upper = scalar.properties.uppercaseMapping
        return upper.unicodeScalars.count == 1 ? upper : String(Character(scalar))
    }
}
