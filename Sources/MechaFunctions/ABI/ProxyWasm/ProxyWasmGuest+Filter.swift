import MechaInvocation
import MechaWasm
import MechaWire
import NIOCore
import NIOHTTP1

// The same guest as a filter: requests of others pass it on their way, and responses on their way back.
extension ProxyWasmGuest: FilterGuest {
    private func exports(_ name: String) -> Bool { instance.template.module.function(name) != nil }

    var wantsResponse: Bool { exports("proxy_on_response_headers") || wantsResponseBody }
    // Trailers come behind the body, so that has to be held too.
    var wantsResponseBody: Bool { exports("proxy_on_response_body") || exports("proxy_on_response_trailers") }

    func filterRequest(_ request: inout MiddlewareRequest) async throws(WasmError) -> MiddlewareAnswer? {
        let hasBody = request.hasBody
        guard let stream = begin(filtering: request) else { return .refusal(.badRequest) }
        try await call("proxy_on_context_create", [stream, Self.rootContext])
        var isPaused = try await pass("proxy_on_request_headers", [stream, Int32(requestHeaders.count), hasBody ? 0 : 1])
        if let localResponse { return answer(localResponse) }
        var hasReadBody = false
        if hasBody, exports("proxy_on_request_body") || exports("proxy_on_request_trailers") {
            do throws(WireError) {
                requestBody = try await request.body(upTo: context.limits.requestBytes)
            } catch {
                if error.code == .tooLarge { return .refusal(.payloadTooLarge, error.message) }
                return .refusal(.badRequest, error.message)
            }
            hasReadBody = true
            requestTrailers = request.trailers.map { ($0.name.lowercased(), $0.value) }
            let hasTrailers = !requestTrailers.isEmpty
            // What was put aside goes on when a later part does.
            if exports("proxy_on_request_body") {
                isPaused = try await pass(
                    "proxy_on_request_body", [stream, Int32(requestBody.readableBytes), hasTrailers ? 0 : 1])
                if let localResponse { return answer(localResponse) }
            }
            if hasTrailers, exports("proxy_on_request_trailers") {
                isPaused = try await pass("proxy_on_request_trailers", [stream, Int32(requestTrailers.count)])
                if let localResponse { return answer(localResponse) }
            }
        }
        if isPaused { throw Self.waitsForNothing("request") }
        take(requestHeaders, into: &request)
        if hasReadBody || requestBody.readableBytes > 0 {
            request.replaceBody(requestBody, trailers: Self.trailers(requestTrailers))
        }
        return nil
    }

    func filterResponse(_ response: inout ResponseFilter.Response) async throws(WasmError) {
        beginPart()
        guard let stream = streamContext else { return }
        isResponding = true
        responseHeaders = [(":status", String(response.status.code))] + response.headers.map { ($0.name.lowercased(), $0.value) }
        responseBody = response.body ?? ByteBuffer()
        responseTrailers = response.trailers.map { ($0.name.lowercased(), $0.value) }
        let hasTrailers = !responseTrailers.isEmpty
        let hasBody = response.body.map { $0.readableBytes > 0 || hasTrailers } ?? true
        var isPaused = false
        if exports("proxy_on_response_headers") {
            isPaused = try await pass("proxy_on_response_headers", [stream, Int32(responseHeaders.count), hasBody ? 0 : 1])
        }
        if localResponse == nil, responseBody.readableBytes > 0, exports("proxy_on_response_body") {
            isPaused = try await pass(
                "proxy_on_response_body", [stream, Int32(responseBody.readableBytes), hasTrailers ? 0 : 1])
        }
        if localResponse == nil, hasTrailers, exports("proxy_on_response_trailers") {
            isPaused = try await pass("proxy_on_response_trailers", [stream, Int32(responseTrailers.count)])
        }
        if let localResponse {
            let answer = answer(localResponse)
            response.status = answer.status
            response.headers = answer.headers
            response.body = answer.body
            response.trailers = [:]
            return
        }
        if isPaused { throw Self.waitsForNothing("response") }
        var headers = HTTPHeaders()
        for (name, value) in responseHeaders {
            if name == ":status" {
                if let code = Int(value), (200...599).contains(code) { response.status = HTTPResponseStatus(statusCode: code) }
            } else if HeaderText.isName(name), HeaderText.isValue(value), !HeaderText.isOfConnection(name) || name == "content-length" {
                headers.add(name: name, value: value)
            }
        }
        response.headers = headers
        if response.body != nil {
            response.body = responseBody
            response.trailers = Self.trailers(responseTrailers)
        }
    }

    func endFilter() async throws(WasmError) {
        try await endStream()
        flushLines()
        dropCalls()
    }

    func abandonFilter() async throws(WasmError) {
        beginPart()
        try await endFilter()
    }

    private static func waitsForNothing(_ what: String) -> WasmError {
        let message = "the filter put the \(what) aside and waits for nothing"
        return WasmError(.trapped, message, cause: FunctionError(.failed, message))
    }

    /// Puts a part to the guest. One that is put aside goes on when answers to the guest's calls let it.
    ///
    /// - Returns: whether it is still put aside.
    private func pass(_ name: StaticString, _ arguments: [Int32]) async throws(WasmError) -> Bool {
        continued = (false, false)
        effectiveContext = arguments[0]
        guard try await call(name, arguments) != 0, localResponse == nil, !isContinued else { return false }
        try await answerHTTPCalls { [self] in isContinued || localResponse != nil }
        return !isContinued && localResponse == nil
    }

    /// Whether the guest let go on what passes now.
    private var isContinued: Bool { isResponding ? continued.response : continued.request }

    private func answer(_ response: AppResponse) -> MiddlewareAnswer {
        let status: HTTPResponseStatus = if case .http(let status) = response.outcome { status } else { .internalServerError }
        var headers = response.headers
        if let type = response.contentType { headers.replaceOrAdd(name: "content-type", value: type) }
        return MiddlewareAnswer(status, headers: headers, body: response.body)
    }

    /// What the guest made of the request's head. Marks of the connection stay as they were.
    private func take(_ pairs: [HeaderPairs.Pair], into request: inout MiddlewareRequest) {
        var headers = HTTPHeaders(request.head.headers.filter { HeaderText.isOfConnection($0.name) }.map { ($0.name, $0.value) })
        for (name, value) in pairs {
            guard HeaderText.isValue(value) else { continue }
            switch name {
            case ":method": if HeaderText.isName(value) { request.head.method = HTTPMethod(rawValue: value) }
            case ":path":
                if value.hasPrefix("/"), value.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) { request.head.uri = value }
            case ":authority": if !value.isEmpty { headers.replaceOrAdd(name: "host", value: value) }
            default:
                guard !name.hasPrefix(":"), HeaderText.isName(name), !HeaderText.isOfConnection(name) else { continue }
                headers.add(name: name, value: value)
            }
        }
        request.head.headers = headers
    }
}
