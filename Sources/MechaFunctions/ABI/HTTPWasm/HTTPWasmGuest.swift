import MechaInvocation
import MechaWasm
import MechaWire
import NIOCore
import NIOHTTP1

/// A guest that speaks http-wasm.
final class HTTPWasmGuest: Guest, @unchecked Sendable {
    /// What a guest may ask the host for.
    struct Features: OptionSet {
        let rawValue: UInt32
        /// What it reads of a request's body passes on nevertheless.
        static let bufferRequest = Features(rawValue: 1)
        /// Responses are held, so that it can change them.
        static let bufferResponse = Features(rawValue: 2)
        static let trailers = Features(rawValue: 4)
        static let all: Features = [.bufferRequest, .bufferResponse, .trailers]
    }

    private enum Stage { case start, request, response }

    private var stage = Stage.start
    /// What was enabled before the first request holds for all.
    private var startFeatures: Features = []
    private(set) var features: Features = []

    // The messages that are worked on.
    var method = "GET"
    var uri = "/"
    var protocolVersion = "HTTP/1.1"
    var sourceAddress = ""
    var status = 200
    var request = HTTPWasmMessage()
    var response = HTTPWasmMessage()
    /// What the guest wants to have back with the response.
    var requestContext: Int32 = 0
    /// Whether a response is still to be put to the guest.
    var owesResponse = false

    private var requestFunction: WasmExport?
    private var responseFunction: WasmExport?

    override func setUp() async throws(WasmError) {
        try await instance.instantiate()
        requestFunction = instance.function("handle_request")
        responseFunction = instance.function("handle_response")
        if let start = instance.function("_initialize") ?? instance.function("_start") {
            _ = try await instance.call(start, hasResult: false)
        }
        flushLines()
    }

    /// Reads of the module whether it could want a request's body.
    private(set) lazy var readsBodies = instance.template.module.imports.contains {
        $0.module == HTTPWasmInterface.module && $0.name == "read_body"
    }

    // MARK: - Calls in

    /// Puts the request to the guest, which is set before; whether the request goes on.
    func handleRequest() async throws(WasmError) -> Bool {
        guard let requestFunction else { return false }
        stage = .request
        owesResponse = false
        _ = try await instance.call(requestFunction, hasResult: true)
        let result = instance.longResult
        flushLines()
        requestContext = Int32(truncatingIfNeeded: result >> 32)
        owesResponse = UInt32(truncatingIfNeeded: result) != 0
        return owesResponse
    }

    /// Puts the response to the guest, which is set before.
    ///
    /// - Parameter failed: there is none, because the host failed.
    func handleResponse(failed: Bool = false) async throws(WasmError) {
        guard let responseFunction, owesResponse else { return }
        stage = .response
        owesResponse = false
        _ = try await instance.call(responseFunction, [requestContext, failed ? 1 : 0], hasResult: false)
        flushLines()
    }

    /// Forgets the messages of the request before.
    func beginRequest() {
        beginCall()
        features = startFeatures
        status = 200
        request = HTTPWasmMessage()
        response = HTTPWasmMessage()
    }

    override func handle(_ incoming: AppRequest) async throws(WasmError) -> AppResponse {
        beginRequest()
        method = incoming.verb?.rawValue ?? "POST"
        uri = incoming.method.target
        request.headers = incoming.headers
        if let type = incoming.contentType { request.headers.replaceOrAdd(name: "content-type", value: type) }
        request.trailers = incoming.trailers
        request.unread = incoming.body
        var answer: AppResponse
        if try await handleRequest() {
            // Nobody stands behind a function.
            let before = response.headers
            status = 404
            response = HTTPWasmMessage()
            response.headers = before
            try await handleResponse()
        }
        let headers = Self.own(response.headers)
        answer = AppResponse(
            .http(HTTPResponseStatus(statusCode: status)), headers: headers, body: response.written ?? ByteBuffer())
        answer.contentType = headers.first(name: "content-type")
        answer.headers.remove(name: "content-type")
        if !response.trailers.isEmpty { answer.trailers = Self.own(response.trailers) }
        return answer
    }

    // MARK: - What host functions ask

    func message(_ isOfResponse: Bool) -> HTTPWasmMessage { isOfResponse ? response : request }

    func change(_ isOfResponse: Bool, _ body: (inout HTTPWasmMessage) -> Bool) -> Bool {
        isOfResponse ? body(&response) : body(&request)
    }

    /// - Returns: what is enabled now.
    func enable(_ wanted: UInt32) -> UInt32 {
        features.formUnion(Features(rawValue: wanted).intersection(.all))
        if stage == .start { startFeatures = features }
        return features.rawValue
    }

    func requireRequest(_ what: String) throws {
        guard stage == .request else { throw HTTPWasmInterface.misuse("\(what): the request is not there any more, or not yet") }
    }

    func requireResponse(_ what: String) throws {
        guard stage == .request || stage == .response && features.contains(.bufferResponse) else {
            throw HTTPWasmInterface.misuse("\(what): the response can be changed only with the feature buffer_response")
        }
    }

    func requireTrailers(_ what: String, ofResponse isOfResponse: Bool) throws {
        guard features.contains(.trailers) else { throw HTTPWasmInterface.misuse("\(what): trailers need the feature trailers") }
        guard !isOfResponse || stage == .response else {
            throw HTTPWasmInterface.misuse("\(what): a response that the guest makes itself has no trailers here")
        }
    }

    /// What comes next of a body, and whether that is its end.
    func read(_ isOfResponse: Bool, atMost count: Int) throws -> (bytes: ByteBuffer, isOver: Bool) {
        if isOfResponse {
            try requireResponse("read the response's body")
        } else if stage != .request, !features.contains(.bufferRequest) {
            throw HTTPWasmInterface.misuse("read the request's body: it can be read later only with the feature buffer_request")
        }
        var message = message(isOfResponse)
        let bytes = message.unread.readSlice(length: min(count, message.unread.readableBytes)) ?? ByteBuffer()
        if isOfResponse { response.unread = message.unread } else { request.unread = message.unread }
        return (bytes, message.unread.readableBytes == 0)
    }

    func write(_ isOfResponse: Bool, _ bytes: ByteBuffer) throws {
        if isOfResponse {
            try requireResponse("write the response's body")
        } else {
            try requireRequest("write the request's body")
        }
        var written = message(isOfResponse).written ?? ByteBuffer()
        written.writeImmutableBuffer(bytes)
        let limit = isOfResponse ? context.limits.responseBytes : context.limits.requestBytes
        guard written.readableBytes <= limit else {
            throw FunctionError(
                isOfResponse ? .responseTooLarge : .failed,
                "the body that the guest writes is larger than \(limit) bytes")
        }
        if isOfResponse { response.written = written } else { request.written = written }
    }

    /// Fields of a message that the guest may decide about.
    static func own(_ headers: HTTPHeaders) -> HTTPHeaders {
        HTTPHeaders(headers.filter { !HeaderText.isOfConnection($0.name) }.map { ($0.name, $0.value) })
    }
}
