import MechaInvocation
import MechaWasm
import NIOCore
import NIOHTTP1

/// A component that answers requests by `wasi:http/incoming-handler`.
final class WASIHTTPGuest: ComponentGuest, @unchecked Sendable {
    private var handleFunction: ComponentInstance.Export?

    override func setUp() async throws(WasmError) {
        try await super.setUp()
        handleFunction = instance.function("handle", of: WASIHTTP.handler)
    }

    override func handle(_ request: AppRequest) async throws(WasmError) -> AppResponse {
        guard let handleFunction else { throw failure("the component exports no function handle") }
        beginCall()
        self.request = request
        defer { self.request = nil }
        let outparam = ResponseOutparam()
        let arguments = [
            ComponentValue.resource(try instance.keep(IncomingRequest(request), as: WASIPreview2.Kind.incomingRequest)),
            .resource(try instance.keep(outparam, as: WASIPreview2.Kind.responseOutparam)),
        ]
        _ = try await instance.call(handleFunction, arguments, hasResult: false)
        flushLines()
        switch outparam.answer {
        case nil: throw failure("the function ended without setting a response")
        case .error(let error)?: throw failure("the function answered with the error \(error)")
        case .response(let answer)?:
            guard !answer.isBodyTaken || answer.body.isFinished else { throw failure("the function did not finish its response's body") }
            var response = AppResponse(
                .http(HTTPResponseStatus(statusCode: Int(answer.status))), headers: answer.fields.headers, body: answer.body.bytes)
            response.contentType = response.headers.first(name: "content-type")
            response.headers.remove(name: "content-type")
            response.trailers = answer.body.trailers
            return response
        }
    }
}
