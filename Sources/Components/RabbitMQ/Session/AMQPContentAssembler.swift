import NIOCore

/// Puts methods and their content together again, for one channel (AMQP 0-9-1 §4.2.6).
struct AMQPContentAssembler {
    struct Message: Equatable {
        var method: AMQPMethod
        var properties: AMQPProperties
        /// Nil when it was larger than the limit and passed over.
        var body: ByteBuffer?
        var bodyBytes: UInt64
    }

    enum Unit: Equatable {
        case method(AMQPMethod)
        case message(Message)
    }

    private enum State {
        case idle
        case header(AMQPMethod)
        case body(Message, missing: UInt64)
    }

    private let maximumBytes: Int
    private var state = State.idle

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// A complete method or message; nil while one is under way.
    mutating func received(_ frame: AMQPFrame) throws(AMQPError) -> Unit? {
        switch (state, frame.kind) {
        case (.idle, .method):
            let method = try AMQPMethod.read(from: frame.payload)
            guard method.hasContent else { return .method(method) }
            state = .header(method)
            return nil
        case (.header(let method), .header):
            let header = try AMQPContentHeader.read(from: frame.payload)
            let isKept = header.bodyBytes <= UInt64(maximumBytes)
            let message = Message(
                method: method, properties: header.properties, body: isKept ? ByteBuffer() : nil, bodyBytes: header.bodyBytes)
            guard header.bodyBytes > 0 else {
                state = .idle
                return .message(message)
            }
            state = .body(message, missing: header.bodyBytes)
            return nil
        case (.body(var message, let missing), .body):
            let count = UInt64(frame.payload.readableBytes)
            guard count <= missing else { throw AMQPError(.trailing) }
            // The state must not keep a second reference, or every frame copies the whole body.
            state = .idle
            if message.body != nil {
                if message.body?.readableBytes == 0 {
                    message.body = frame.payload
                    if count < missing { message.body?.reserveCapacity(minimumWritableBytes: Int(missing - count)) }
                } else {
                    message.body?.writeImmutableBuffer(frame.payload)
                }
            }
            guard count == missing else {
                state = .body(message, missing: missing - count)
                return nil
            }
            return .message(message)
        default: throw AMQPError(.unexpected)
        }
    }
}
