import NIOHTTP1

/// Trailers of a body that has come in; they are there at once.
final class FutureTrailers: @unchecked Sendable {
    private var trailers: HTTPHeaders?

    init(_ trailers: HTTPHeaders) { self.trailers = trailers }

    func take() -> HTTPHeaders? { trailers.take() }
}
