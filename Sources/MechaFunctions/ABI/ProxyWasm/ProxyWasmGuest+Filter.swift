import MechaInvocation
import MechaWasm
import MechaWire
import NIOCore
import NIOHTTP1

// The same guest as a filter: requests of others pass it on their way, and responses on their way back.
extension ProxyWasmGuest: FilterGuest {
    private func exports(_ name: String) -> Bool { instance.template.module.function(name) != nil }

    var wantsResponse: Bool { exports("proxy_on_response_headers") || wantsResponseBody }
    var wantsResponseBody: Bool { exports("proxy_on_response_body") }

    func filterRequest(_ request: inout MiddlewareRequest) async throws(WasmError) -> MiddlewareAnswer? {
        let hasBody = request.hasBody
        guard begin(filtering: request) else { return .refusal(.badRequest) }
        let stream = effectiveContext
        try await call("proxy_on_context_create", [stream, Self.rootContext])
        var isPaused = try await pass("proxy_on_request_headers", [stream, Int32(requestHeaders.count), hasBody ? 0 : 1], goesOn: hasBody)
        if let localResponse { return answer(localResponse) }
        var hasReadBody = false
        if hasBody, exports("proxy_on_request_body") {
            do throws(WireError) {
                requestBody = try await request.body(upTo: context.limits.requestBytes)
            } catch {
                if error.code == .tooLarge { return .refusal(.payloadTooLarge, error.message) }
                return .refusal(.badRequest, error.message)
            }
            hasReadBody = true
            isPaused = try await pass("proxy_on_request_body", [stream, Int32(requestBody.readableBytes), 1], goesOn: false)
            if let localResponse { return answer(localResponse) }
        }
        if isPaused {
            let message = "the filter put the request aside and waits for nothing"
            throw WasmError(.trapped, message, cause: FunctionError(.failed, message))
        }
        take(requestHeaders, into: &request)
        if hasReadBody || requestBody.readableBytes > 0 { request.replaceBody(requestBody) }
        return nil
    }

    func filterResponse(_ response: inout ResponseFilter.Response) async throws(WasmError) {
        beginPart()
        let stream = effectiveContext
        responseHeaders = [(":status", String(response.status.code))] + response.headers.map { ($0.name.lowercased(), $0.value) }
        responseBody = response.body ?? ByteBuffer()
        let hasBody = response.body.map { $0.readableBytes > 0 } ?? true
        var isPaused = false
        if exports("proxy_on_response_headers") {
            isPaused = try await pass(
                "proxy_on_response_headers", [stream, Int32(responseHeaders.count), hasBody ? 0 : 1],
                goesOn: hasBody && wantsResponseBody)
        }
        if localResponse == nil, hasBody, wantsResponseBody {
            isPaused = try await pass("proxy_on_response_body", [stream, Int32(responseBody.readableBytes), 1], goesOn: false)
        }
        if let localResponse {
            let answer = answer(localResponse)
            response.status = answer.status
            response.headers = answer.headers
            if response.body != nil { response.body = answer.body }
            return
        }
        if isPaused {
            let message = "the filter put the response aside and waits for nothing"
            throw WasmError(.trapped, message, cause: FunctionError(.failed, message))
        }
        var headers = HTTPHeaders()
        for (name, value) in responseHeaders {
            if name == ":status" {
                if let code = Int(value), (200...599).contains(code) { response.status = HTTPResponseStatus(statusCode: code) }
            } else if HeaderText.isName(name), HeaderText.isValue(value), !HeaderText.isOfConnection(name) || name == "content-length" {
                headers.add(name: name, value: value)
            }
        }
        response.headers = headers
        if response.body != nil { response.body = responseBody }
    }

    func endFilter() async throws(WasmError) {
        let stream = effectiveContext
        try await call("proxy_on_done", [stream])
        try await call("proxy_on_log", [stream])
        try await call("proxy_on_delete", [stream])
        flushLines()
        dropCalls()
    }

    /// Puts a part to the guest. One that is put aside goes on when answers to the guest's calls let it; with `goesOn`
    /// the next part may do that too.
    ///
    /// - Returns: whether it is still put aside.
    private func pass(_ name: StaticString, _ arguments: [Int32], goesOn: Bool) async throws(WasmError) -> Bool {
        isContinued = false
        guard try await call(name, arguments) != 0, localResponse == nil, !isContinued else { return false }
        try await answerHTTPCalls { [self] in isContinued || localResponse != nil }
        return !isContinued && localResponse == nil
    }

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
