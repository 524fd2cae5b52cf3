import NIOCore

/// A value of a field table, by RabbitMQ's reading of the type letters (its errata to AMQP 0-9-1 §4.2.5.5).
indirect enum AMQPValue: Equatable, Sendable {
    case bool(Bool)
    case int8(Int8)
    case uint8(UInt8)
    case int16(Int16)
    case uint16(UInt16)
    case int32(Int32)
    case uint32(UInt32)
    case int64(Int64)
    case float(Float)
    case double(Double)
    case decimal(scale: UInt8, UInt32)
    /// Long string, which may be no text.
    case string(ByteBuffer)
    case array([AMQPValue])
    /// Seconds since 1970.
    case timestamp(UInt64)
    case table(AMQPTable)
    case bytes(ByteBuffer)
    case void

    static func text(_ text: String) -> AMQPValue { .string(ByteBuffer(string: text)) }

    /// Tables within tables, at most.
    static let maximumDepth = 16

    func write(into buffer: inout ByteBuffer) {
        func tag(_ letter: UnicodeScalar) { buffer.writeInteger(UInt8(ascii: letter)) }
        switch self {
        case .bool(let value):
            tag("t")
            buffer.writeInteger(UInt8(value ? 1 : 0))
        case .int8(let value):
            tag("b")
            buffer.writeInteger(value)
        case .uint8(let value):
            tag("B")
            buffer.writeInteger(value)
        case .int16(let value):
            tag("s")
            buffer.writeInteger(value)
        case .uint16(let value):
            tag("u")
            buffer.writeInteger(value)
        case .int32(let value):
            tag("I")
            buffer.writeInteger(value)
        case .uint32(let value):
            tag("i")
            buffer.writeInteger(value)
        case .int64(let value):
            tag("l")
            buffer.writeInteger(value)
        case .float(let value):
            tag("f")
            buffer.writeInteger(value.bitPattern)
        case .double(let value):
            tag("d")
            buffer.writeInteger(value.bitPattern)
        case .decimal(let scale, let value):
            tag("D")
            buffer.writeInteger(scale)
            buffer.writeInteger(value)
        case .string(let value):
            tag("S")
            buffer.writeInteger(UInt32(value.readableBytes))
            buffer.writeImmutableBuffer(value)
        case .array(let values):
            tag("A")
            let start = buffer.writerIndex
            buffer.writeInteger(UInt32(0))
            for value in values { value.write(into: &buffer) }
            buffer.setInteger(UInt32(buffer.writerIndex - start - 4), at: start)
        case .timestamp(let value):
            tag("T")
            buffer.writeInteger(value)
        case .table(let value):
            tag("F")
            value.write(into: &buffer)
        case .bytes(let value):
            tag("x")
            buffer.writeInteger(UInt32(value.readableBytes))
            buffer.writeImmutableBuffer(value)
        case .void: tag("V")
        }
    }

    static func read(from buffer: inout ByteBuffer, depth: Int = 0) throws(AMQPError) -> AMQPValue {
        guard depth < maximumDepth else { throw AMQPError(.tooDeep) }
        switch UnicodeScalar(try buffer.readAMQP(UInt8.self)) {
        case "t": return .bool(try buffer.readAMQP(UInt8.self) != 0)
        case "b": return .int8(try buffer.readAMQP(Int8.self))
        case "B": return .uint8(try buffer.readAMQP(UInt8.self))
        case "s": return .int16(try buffer.readAMQP(Int16.self))
        case "u": return .uint16(try buffer.readAMQP(UInt16.self))
        case "I": return .int32(try buffer.readAMQP(Int32.self))
        case "i": return .uint32(try buffer.readAMQP(UInt32.self))
        case "l", "L": return .int64(try buffer.readAMQP(Int64.self))
        case "f": return .float(Float(bitPattern: try buffer.readAMQP(UInt32.self)))
        case "d": return .double(Double(bitPattern: try buffer.readAMQP(UInt64.self)))
        case "D": return .decimal(scale: try buffer.readAMQP(UInt8.self), try buffer.readAMQP(UInt32.self))
        case "S": return .string(try buffer.readAMQPLongBytes())
        case "A":
            var slice = try buffer.readAMQPLongBytes()
            var values: [AMQPValue] = []
            while slice.readableBytes > 0 { values.append(try read(from: &slice, depth: depth + 1)) }
            return .array(values)
        case "T": return .timestamp(try buffer.readAMQP(UInt64.self))
        case "F": return .table(try AMQPTable.read(from: &buffer, depth: depth + 1))
        case "x": return .bytes(try buffer.readAMQPLongBytes())
        case "V": return .void
        default: throw AMQPError(.badValue)
        }
    }

    /// Whole numbers of any width.
    var integer: Int? {
        switch self {
        case .int8(let value): Int(value)
        case .uint8(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int64(let value): Int(value)
        default: nil
        }
    }

    /// Scalars as text, as an app gets them; nil for tables, arrays and bytes that are no text.
    var text: String? {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .float(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value), .bytes(let value): String(validating: value.readableBytesView, as: UTF8.self)
        case .timestamp(let value): "\(value)"
        case .decimal, .array, .table, .void: nil
        default: integer.map(String.init)
        }
    }
}
