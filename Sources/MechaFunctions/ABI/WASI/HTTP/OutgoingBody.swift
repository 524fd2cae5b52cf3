import MechaWasm
import NIOCore
import NIOHTTP1

/// A body that a component writes, of a response or a request of its own.
final class OutgoingBody: ComponentResource, @unchecked Sendable {
    private(set) var bytes = ByteBuffer()
    private(set) var trailers: HTTPHeaders = [:]
    private(set) var isFinished = false
    private let limit: Int
    private var isStreamTaken = false
    /// Told once when the body is whole, or never will be.
    private var whenEnded: (@Sendable (Bool) -> Void)?

    init(limit: Int) { self.limit = limit }

    func takeStream() -> GuestOutputStream? {
        guard !isStreamTaken else { return nil }
        isStreamTaken = true
        return GuestOutputStream(self)
    }

    func append(_ more: ByteBuffer) throws(FunctionError) {
        guard bytes.readableBytes + more.readableBytes <= limit else {
            throw FunctionError(.responseTooLarge, "a body is larger than the function's \(limit) bytes")
        }
        bytes.writeImmutableBuffer(more)
    }

    func finish(_ trailers: HTTPHeaders) {
        self.trailers = trailers
        isFinished = true
        whenEnded.take()?(true)
    }

    func onEnd(_ body: @escaping @Sendable (Bool) -> Void) {
        if isFinished { body(true) } else { whenEnded = body }
    }

    /// Without having been finished it is not whole.
    func dropped() { whenEnded.take()?(false) }
}
