import MechaInvocation
import NIOCore
import NIOHTTP1

/// The answer to a request that a component made.
final class IncomingResponse: @unchecked Sendable {
    let status: UInt16
    let fields: GuestFields
    private var body: IncomingBody?

    init(_ response: AppResponse) {
        switch response.outcome {
        case .http(let status): self.status = UInt16(status.code)
        case .grpc(let status): self.status = status.code == .ok ? 200 : 500
        }
        fields = GuestFields(response.headers, contentType: response.contentType)
        body = IncomingBody(response.body, trailers: response.trailers)
    }

    func takeBody() -> IncomingBody? { body.take() }
}
