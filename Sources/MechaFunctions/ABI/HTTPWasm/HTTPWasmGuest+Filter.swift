import MechaInvocation
import MechaWasm
import MechaWire
import NIOCore
import NIOHTTP1

// The guest as a step of a pipeline, which is what http-wasm is for.
extension HTTPWasmGuest: FilterGuest {
    // `handle_response` is called whenever the request went on.
    var wantsResponse: Bool { owesResponse }
    var wantsResponseBody: Bool { features.contains(.bufferResponse) }

    func filterRequest(_ passing: inout MiddlewareRequest) async throws(WasmError) -> MiddlewareAnswer? {
        beginRequest()
        method = passing.head.method.rawValue
        uri = passing.head.uri.isEmpty ? "/" : passing.head.uri
        protocolVersion = "HTTP/\(passing.head.version.major).\(passing.head.version.minor)"
        sourceAddress = passing.peerAddress.flatMap(Self.text) ?? ""
        request.headers = passing.head.headers
        // The guest reads without waiting, so what it may read has to be there.
        let holdsBody = passing.hasBody && readsBodies
        var body = ByteBuffer()
        if holdsBody {
            do throws(WireError) {
                body = try await passing.body(upTo: context.limits.requestBytes)
            } catch {
                return .refusal(error.code == .tooLarge ? .payloadTooLarge : .badRequest, error.message)
            }
            request.unread = body
            request.trailers = passing.trailers
        }
        guard try await handleRequest() else {
            return MiddlewareAnswer(
                HTTPResponseStatus(statusCode: status), headers: Self.own(response.headers), body: response.written ?? ByteBuffer())
        }
        take(into: &passing)
        if let written = request.written {
            passing.replaceBody(written, trailers: Self.own(request.trailers))
        } else if holdsBody {
            passing.replaceBody(features.contains(.bufferRequest) ? body : request.unread, trailers: Self.own(request.trailers))
        }
        // Later reads begin anew.
        request.unread = features.contains(.bufferRequest) ? body : ByteBuffer()
        return nil
    }

    func filterResponse(_ passing: inout ResponseFilter.Response) async throws(WasmError) {
        beginCall()
        // What the guest set before the response was there is part of it.
        var headers = passing.headers
        headers.add(contentsOf: Self.own(response.headers))
        status = Int(passing.status.code)
        response = HTTPWasmMessage()
        response.headers = headers
        if features.contains(.trailers) { response.trailers = passing.trailers }
        response.unread = passing.body ?? ByteBuffer()
        try await handleResponse()
        passing.status = HTTPResponseStatus(statusCode: status)
        passing.headers = response.headers
        if let written = response.written, passing.body != nil { passing.body = written }
        if features.contains(.trailers), passing.body != nil { passing.trailers = Self.own(response.trailers) }
    }

    func endFilter() async throws(WasmError) {
        request = HTTPWasmMessage()
        response = HTTPWasmMessage()
    }

    func abandonFilter() async throws(WasmError) {
        beginCall()
        try await handleResponse(failed: true)
        try await endFilter()
    }

    /// What the guest made of the request's head. Marks of the connection stay as they were.
    private func take(into passing: inout MiddlewareRequest) {
        passing.head.method = HTTPMethod(rawValue: method)
        passing.head.uri = uri
        var headers = HTTPHeaders(passing.head.headers.filter { HeaderText.isOfConnection($0.name) }.map { ($0.name, $0.value) })
        headers.add(contentsOf: Self.own(request.headers))
        passing.head.headers = headers
    }

    /// `1.2.3.4:567` or `[::1]:567`.
    private static func text(_ address: SocketAddress) -> String? {
        guard let host = address.ipAddress, let port = address.port else { return nil }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
