/// Why a stream or a connection ends (RFC 9113 section 7).
enum HTTP2Code: UInt32 {
    case noError, protocolError, internalError, flowControlError, settingsTimeout, streamClosed, frameSizeError
    case refusedStream, cancel, compressionError, connectError, enhanceYourCalm
}
