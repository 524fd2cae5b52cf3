import NIOCore

/// The protocol's data types (MQTT 5 §1.5, MQTT 3.1.1 §1.5).
extension ByteBuffer {
    /// The greatest number that a variable byte integer can hold, and so the longest packet.
    static let mqttVariableMaximum = 268_435_455

    static func mqttVariableLength(_ number: Int) -> Int {
        number < 1 << 7 ? 1 : number < 1 << 14 ? 2 : number < 1 << 21 ? 3 : 4
    }

    mutating func writeMQTTVariable(_ number: Int) {
        var rest = number
        repeat {
            let low = UInt8(truncatingIfNeeded: rest & 0x7f)
            rest >>= 7
            writeInteger(rest > 0 ? low | 0x80 : low)
        } while rest > 0
    }

    /// Texts are checked against ``MQTTText/isWritable(_:)`` before.
    mutating func writeMQTTText(_ text: String) {
        writeInteger(UInt16(truncatingIfNeeded: text.utf8.count))
        writeString(text)
    }

    mutating func readMQTT<Number: FixedWidthInteger>(_ type: Number.Type) throws(MQTTError) -> Number {
        guard let number = readInteger(as: type) else { throw MQTTError(.truncated) }
        return number
    }

    mutating func readMQTTVariable() throws(MQTTError) -> Int {
        var number = 0
        for shift in [0, 7, 14, 21] {
            let byte = try readMQTT(UInt8.self)
            number |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return number }
        }
        throw MQTTError(.badVariableInteger)
    }

    mutating func readMQTTBytes() throws(MQTTError) -> ByteBuffer {
        let length = try readMQTT(UInt16.self)
        guard let bytes = readSlice(length: Int(length)) else { throw MQTTError(.truncated) }
        return bytes
    }

    mutating func readMQTTText() throws(MQTTError) -> String {
        let bytes = try readMQTTBytes()
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self), !text.utf8.contains(0) else {
            throw MQTTError(.badText)
        }
        return text
    }

    mutating func readMQTTPacketID() throws(MQTTError) -> UInt16 {
        let id = try readMQTT(UInt16.self)
        guard id != 0 else { throw MQTTError(.badPacketID) }
        return id
    }
}
