/// Why an exchange or a connection failed.
public struct WireError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// No connection could be made; nothing was sent.
        public static let connectFailed = Code("connect failed")
        /// The peer's certificate or protocol was not acceptable; nothing was sent.
        public static let tlsFailed = Code("TLS failed")
        /// The connection ended before the message was complete.
        public static let connectionClosed = Code("connection closed")
        /// The peer reset the stream, or gave up its request.
        public static let cancelled = Code("cancelled")
        /// The peer refused the stream before acting on it (HTTP/2 REFUSED_STREAM, GOAWAY); it may be sent again.
        public static let refused = Code("refused")
        /// Bytes that are not the protocol.
        public static let malformed = Code("malformed")
        /// A body is larger than ``WireLimits/bodyBytes`` (or a message than its limit).
        public static let tooLarge = Code("too large")
        /// The deadline passed.
        public static let timeout = Code("timeout")
        /// A local queue is full.
        public static let overloaded = Code("overloaded")
        /// The listener or client is shutting down.
        public static let closing = Code("closing")
        /// A listener could not bind its address.
        public static let bindFailed = Code("bind failed")
    }

    public var description: String { message }
}
