import NIOHTTP2

/// The peer ended a stream with RST_STREAM; the cause of the ``WireError`` that says so.
public struct HTTP2StreamReset: Error, Sendable {
    /// The error code of RFC 9113 section 7.
    public var code: Int

    init(_ code: HTTP2ErrorCode) { self.code = code.networkCode }

    /// What a reset with this code means for the request.
    var wireError: WireError {
        switch HTTP2ErrorCode(networkCode: code) {
        case .refusedStream: WireError(.refused, "the peer refused the request", cause: self)
        default: WireError(.cancelled, "the peer reset the request (HTTP/2 error code \(code))", cause: self)
        }
    }
}
