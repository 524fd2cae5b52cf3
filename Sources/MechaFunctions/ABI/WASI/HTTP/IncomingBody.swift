import NIOCore
import NIOHTTP1

/// The body of either.
final class IncomingBody: @unchecked Sendable {
    let trailers: HTTPHeaders
    private var bytes: ByteBuffer?

    init(_ bytes: ByteBuffer, trailers: HTTPHeaders) {
        self.bytes = bytes
        self.trailers = trailers
    }

    func takeStream() -> GuestInputStream? { bytes.take().map { GuestInputStream($0) } }
}
