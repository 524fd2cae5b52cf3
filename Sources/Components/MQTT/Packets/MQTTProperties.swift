import NIOCore

/// The properties of an MQTT 5 packet (MQTT 5 §2.2.2), in the order in which they were given. Always empty in 3.1.1.
struct MQTTProperties: Equatable, Sendable {
    enum Value: Equatable, Sendable {
        case byte(UInt8)
        case two(UInt16)
        case four(UInt32)
        case variable(Int)
        case text(String)
        case bytes(ByteBuffer)
        case pair(String, String)
    }

    private(set) var all: [(id: MQTTPropertyID, value: Value)] = []

    static let none = MQTTProperties()

    static func == (a: MQTTProperties, b: MQTTProperties) -> Bool {
        a.all.elementsEqual(b.all) { $0.id == $1.id && $0.value == $1.value }
    }

    mutating func append(_ id: MQTTPropertyID, _ value: Value) { all.append((id, value)) }

    func value(_ id: MQTTPropertyID) -> Value? { all.first { $0.id == id }?.value }

    /// The value of a number property of any width.
    func number(_ id: MQTTPropertyID) -> Int? {
        switch value(id) {
        case .byte(let number): Int(number)
        case .two(let number): Int(number)
        case .four(let number): Int(number)
        case .variable(let number): number
        default: nil
        }
    }

    func text(_ id: MQTTPropertyID) -> String? {
        if case .text(let text) = value(id) { text } else { nil }
    }

    var userProperties: [(name: String, value: String)] {
        all.compactMap { if case .pair(let name, let value) = $0.value { (name, value) } else { nil } }
    }

    // MARK: - Wire

    /// Bytes that the values take, their length field not included.
    var encodedLength: Int {
        var length = 0
        for (_, value) in all {
            length += 1
            switch value {
            case .byte: length += 1
            case .two: length += 2
            case .four: length += 4
            case .variable(let number): length += ByteBuffer.mqttVariableLength(number)
            case .text(let text): length += 2 + text.utf8.count
            case .bytes(let bytes): length += 2 + bytes.readableBytes
            case .pair(let name, let value): length += 4 + name.utf8.count + value.utf8.count
            }
        }
        return length
    }

    func write(into buffer: inout ByteBuffer) {
        buffer.writeMQTTVariable(encodedLength)
        for (id, value) in all {
            buffer.writeInteger(id.rawValue)
            switch value {
            case .byte(let number): buffer.writeInteger(number)
            case .two(let number): buffer.writeInteger(number)
            case .four(let number): buffer.writeInteger(number)
            case .variable(let number): buffer.writeMQTTVariable(number)
            case .text(let text): buffer.writeMQTTText(text)
            case .bytes(let bytes):
                buffer.writeInteger(UInt16(truncatingIfNeeded: bytes.readableBytes))
                buffer.writeImmutableBuffer(bytes)
            case .pair(let name, let value):
                buffer.writeMQTTText(name)
                buffer.writeMQTTText(value)
            }
        }
    }

    /// Reads the length and the values. Throws for what the packet may not carry.
    static func read(from buffer: inout ByteBuffer) throws(MQTTError) -> MQTTProperties {
        let length = try buffer.readMQTTVariable()
        guard var slice = buffer.readSlice(length: length) else { throw MQTTError(.truncated) }
        var properties = MQTTProperties()
        while slice.readableBytes > 0 {
            guard let id = MQTTPropertyID(rawValue: try slice.readMQTT(UInt8.self)) else { throw MQTTError(.badProperty) }
            let value: Value =
                switch id.kind {
                case .byte: .byte(try slice.readMQTT(UInt8.self))
                case .two: .two(try slice.readMQTT(UInt16.self))
                case .four: .four(try slice.readMQTT(UInt32.self))
                case .variable: .variable(try slice.readMQTTVariable())
                case .text: .text(try slice.readMQTTText())
                case .bytes: .bytes(try slice.readMQTTBytes())
                case .pair: .pair(try slice.readMQTTText(), try slice.readMQTTText())
                }
            if !id.mayRepeat, properties.value(id) != nil { throw MQTTError(.badProperty) }
            properties.append(id, value)
        }
        return properties
    }
}
