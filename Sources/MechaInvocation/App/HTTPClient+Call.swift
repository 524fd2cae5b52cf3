import MechaWire
import NIOCore
import NIOHTTP1

extension HTTPClient {
    /// The same through a pipeline, if there is one; a step that answers does so in the callee's place.
    func call(
        _ head: HTTPRequestHead, body: ByteBuffer, at origin: Origin, callee: String, bodyBytesAtMost: Int, deadline: NIODeadline?,
        through slot: HTTPPipelineSlot
    ) async throws(InvocationError) -> AppResponse {
        guard let pipeline = slot.current else {
            return try await call(head, body: body, at: origin, callee: callee, bodyBytesAtMost: bodyBytesAtMost, deadline: deadline)
        }
        let given = body
        var request = MiddlewareRequest(head, hasBody: given.readableBytes > 0) { limit throws(WireError) in
            guard given.readableBytes <= limit else { throw WireError(.tooLarge, "the request body is larger than \(limit) bytes") }
            return (given, nil)
        }
        if let answer = await pipeline.run(&request) {
            var response = AppResponse(.http(answer.status), headers: answer.headers, body: answer.body)
            await request.responseFilters.apply(to: &response)
            response.headers.add(contentsOf: request.responseHeaders)
            response.contentType = response.headers.first(name: "content-type")
            return response
        }
        var body = request.wholeBody ?? body
        if var transform = request.requestTransform { body = transform.transformAll(body) }
        var response = try await call(
            request.head, body: body, at: origin, callee: callee, bodyBytesAtMost: bodyBytesAtMost, deadline: deadline)
        if var transform = request.responseTransform { response.body = transform.transformAll(response.body) }
        if !request.responseFilters.isEmpty { await request.responseFilters.apply(to: &response) }
        response.headers.add(contentsOf: request.responseHeaders)
        return response
    }

    /// Sends a head that is ready with a body that is complete, and takes the response as an app's answer.
    ///
    /// - Parameter isPeer: whether a runtime answers, whose word about failures counts.
    func call(
        _ head: HTTPRequestHead, body: ByteBuffer, at origin: Origin, callee: String, bodyBytesAtMost: Int, deadline: NIODeadline?,
        isPeer: Bool = false
    ) async throws(InvocationError) -> AppResponse {
        var request = ClientRequest(
            head.method, head.uri, at: origin, headers: head.headers, body: body.readableBytes > 0 ? body : nil)
        // Whoever takes nothing out makes no copy.
        if request.headers.contains(name: "content-length") { request.headers.remove(name: "content-length") }
        request.responseBodyLimitBytes = bodyBytesAtMost
        do {
            let response = try await execute(request, deadline: deadline)
            if isPeer, let failure = PeerFailure.read(response.headers) { throw failure }
            let typeURL = isPeer ? response.headers.first(name: HeaderName.typeURL) ?? "" : ""
            let grpcStatus = isPeer ? response.headers.first(name: HeaderName.grpcStatus).flatMap(PeerStatus.decode) : nil
            var answer = AppResponse(ofApp: response)
            if let grpcStatus { answer.outcome = .grpc(grpcStatus) }
            answer.typeURL = typeURL
            return answer
        } catch let error as InvocationError {
            throw error
        } catch let error as WireError {
            throw error.code == .cancelled && Task.isCancelled
                ? InvocationError(.cancelled, "the call was given up", cause: error) : InvocationError(error, calling: callee)
        } catch {
            throw InvocationError(.connectionLost, "failed to call \(callee)", cause: error)
        }
    }
}

extension AppResponse {
    /// What an app that speaks HTTP answered, without what concerns its connection.
    init(ofApp response: ClientResponse) {
        var answer = ResponseHeaders.head(
            HTTPResponseHead(version: .http1_1, status: response.status, headers: response.headers), adding: [:])
        let contentType = answer.headers.first(name: "content-type")
        if answer.headers.contains(name: "content-length") { answer.headers.remove(name: "content-length") }
        self.init(.http(response.status), headers: answer.headers, contentType: contentType, body: response.body)
    }
}

extension [ResponseFilter] {
    /// Has the filters look at an answer of HTTP; one of gRPC is none of theirs.
    fileprivate func apply(to response: inout AppResponse) async {
        guard case .http(let status) = response.outcome else { return }
        var filtered = ResponseFilter.Response(status: status, headers: response.headers, body: response.body)
        await apply(to: &filtered)
        response.outcome = .http(filtered.status)
        response.headers = filtered.headers
        response.contentType = filtered.headers.first(name: "content-type")
        response.body = filtered.body ?? ByteBuffer()
    }
}
