import MechaInvocation
import NIOCore
import NIOHTTP1

/// A request that a component answers.
final class IncomingRequest: @unchecked Sendable {
    let request: AppRequest
    private(set) lazy var fields = GuestFields(request.headers, contentType: request.contentType)
    private var body: IncomingBody?

    init(_ request: AppRequest) {
        self.request = request
        body = IncomingBody(request.body, trailers: request.trailers)
    }

    func takeBody() -> IncomingBody? { body.take() }
}
