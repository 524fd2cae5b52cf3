import NIOCore

/// The frame between a method with content and its body (AMQP 0-9-1 §4.2.6.1).
struct AMQPContentHeader: Equatable, Sendable {
    static let basicClass: UInt16 = 60

    var bodyBytes: UInt64
    var properties: AMQPProperties

    func write(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(Self.basicClass, UInt16(0), bodyBytes)
        properties.write(into: &buffer)
    }

    static func read(from payload: ByteBuffer) throws(AMQPError) -> AMQPContentHeader {
        var payload = payload
        guard try payload.readAMQP(UInt16.self) == basicClass else { throw AMQPError(.unexpected) }
        _ = try payload.readAMQP(UInt16.self)
        let size = try payload.readAMQP(UInt64.self)
        let properties = try AMQPProperties.read(from: &payload)
        guard payload.readableBytes == 0 else { throw AMQPError(.trailing) }
        return AMQPContentHeader(bodyBytes: size, properties: properties)
    }
}
