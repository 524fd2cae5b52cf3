import NIOCore

/// The protocol's data types (AMQP 0-9-1 §4.2.5).
extension ByteBuffer {
    mutating func readAMQP<Number: FixedWidthInteger>(_ type: Number.Type) throws(AMQPError) -> Number {
        guard let number = readInteger(as: type) else { throw AMQPError(.truncated) }
        return number
    }

    mutating func readAMQPBytes(_ length: Int) throws(AMQPError) -> ByteBuffer {
        guard let bytes = readSlice(length: length) else { throw AMQPError(.truncated) }
        return bytes
    }

    mutating func readAMQPShortText() throws(AMQPError) -> String {
        let length = try readAMQP(UInt8.self)
        let bytes = try readAMQPBytes(Int(length))
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else { throw AMQPError(.badText) }
        return text
    }

    /// Short strings have at most 255 bytes; what is longer was refused before (``AMQPText``).
    mutating func writeAMQPShortText(_ text: String) {
        writeInteger(UInt8(truncatingIfNeeded: text.utf8.count))
        writeString(text)
    }

    mutating func readAMQPLongBytes() throws(AMQPError) -> ByteBuffer {
        let length = try readAMQP(UInt32.self)
        return try readAMQPBytes(Int(length))
    }

    mutating func writeAMQPLongText(_ text: String) {
        writeInteger(UInt32(text.utf8.count))
        writeString(text)
    }

    /// Bits of consecutive bit fields, lowest first.
    mutating func writeAMQPBits(_ bits: Bool...) {
        var byte: UInt8 = 0
        for (index, bit) in bits.enumerated() where bit { byte |= 1 << UInt8(index) }
        writeInteger(byte)
    }
}
