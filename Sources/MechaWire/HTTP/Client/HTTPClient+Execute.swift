import NIOCore
import NIOHTTP1

extension HTTPClient {
    /// Sends a request and collects its response. Works on an event loop, where the request then stays,
    /// and off it. Cancelling the task gives the request up.
    ///
    /// Throws ``WireError``: ``WireError/Code/timeout`` once `deadline` has passed,
    /// ``WireError/Code/tooLarge`` for a body beyond the limit, ``WireError/Code/cancelled``, and what
    /// befell the connection.
    public func execute(_ request: ClientRequest, deadline: NIODeadline? = nil) async throws -> ClientResponse {
        let call = collecting(request)
        try await call.run(until: deadline)
        return call.response
    }

    // Apart, so that the request does not lie in the task's frame until the response is there.
    @inline(never)
    private func collecting(_ request: ClientRequest) -> CollectingCall {
        var headers = request.headers
        if let body = request.body {
            if headers.contains(name: "content-length") { headers.remove(name: "content-length") }
            headers.add(name: "content-length", value: String(body.readableBytes))
        }
        return CollectingCall(
            HTTPRequestHead(version: .http1_1, method: request.method, uri: request.target, headers: headers), body: request.body,
            at: request.origin, by: self, responseBodyLimitBytes: request.responseBodyLimitBytes)
    }
}
