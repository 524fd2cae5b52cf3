import MechaInvocation
import MechaWasm
import MechaWire
import NIOCore
import NIOHTTP1

/// A guest that speaks proxy-wasm, as a function: the request is put to its callbacks, and what it leaves as the
/// response's body or sends itself is the answer (section 4.1 of the Layotto facts).
final class ProxyWasmGuest: Guest, @unchecked Sendable {
    static let rootContext: Int32 = 1

    // Buffers and maps of the request that is served, by what proxy-wasm calls them.
    var requestHeaders: [HeaderPairs.Pair] = []
    var requestTrailers: [HeaderPairs.Pair] = []
    var responseHeaders: [HeaderPairs.Pair] = []
    var responseTrailers: [HeaderPairs.Pair] = []
    var requestBody = ByteBuffer()
    var responseBody = ByteBuffer()
    /// What the guest answered to `proxy_get_id`.
    var callData = ByteBuffer()
    var localResponse: AppResponse?
    var request: AppRequest?
    var properties: [String: ByteBuffer] = [:]
    /// Whether requests of others pass it.
    var isFilter = false
    /// Whether the response to a request that passes is there.
    var isResponding = false
    /// Whom a request that passes came from.
    var peerAddress: SocketAddress?

    /// Calls of others that were made and not answered yet, in their order.
    var httpCalls: [(id: UInt32, context: Int32, call: Task<AppResponse?, Never>)] = []
    /// The answer that the guest is told of now.
    var callAnswer: AppResponse?
    /// How the call ended that the guest is told of now.
    var callStatus = (code: ProxyWasmStatus.ok, message: "")
    private var lastCall: UInt32 = 0
    /// What the guest let go on of what it had put aside.
    var continued = (request: false, response: false)
    var effectiveContext = ProxyWasmGuest.rootContext
    /// Of the request that is served.
    private(set) var streamContext: Int32?
    /// One that is over for the host, and that the guest still uses.
    private var pendingContext: Int32?
    private(set) var isMachineStarting = false
    private var lastContext = ProxyWasmGuest.rootContext

    private var allocator: WasmExport?
    private var callbacks: [Callback] = []

    // MARK: - Life

    /// What proxy-wasm wants of a new instance: constructors, its id, the root context, the configuration.
    override func setUp() async throws(WasmError) {
        try await instance.instantiate()
        allocator = instance.function("proxy_on_memory_allocate") ?? instance.function("malloc")
        if instance.function("_initialize") != nil {
            try await call("_initialize")
            try await call("main", 0, 0)
        } else {
            try await call("_start")
        }
        try await call("proxy_get_id")
        try await call("proxy_on_context_create", Self.rootContext, 0)
        isMachineStarting = true
        try await require("proxy_on_vm_start", Self.rootContext, 0)
        isMachineStarting = false
        let bytes = Int32(truncatingIfNeeded: context.revision.configuration.utf8.count)
        try await require("proxy_on_configure", Self.rootContext, bytes)
        flushLines()
    }

    override var routeID: String? { callData.readableBytes > 0 ? String(buffer: callData) : nil }

    override func tick() async throws(WasmError) {
        beginCall()
        effectiveContext = Self.rootContext
        try await call("proxy_on_tick", Self.rootContext)
        try await answerHTTPCalls { false }
        flushLines()
    }

    override func end() async throws(WasmError) {
        beginCall()
        effectiveContext = Self.rootContext
        try await end(Self.rootContext)
    }

    override func free() {
        dropCalls()
        super.free()
    }

    // MARK: - Requests

    override func handle(_ request: AppRequest) async throws(WasmError) -> AppResponse {
        let stream = begin(request)
        try await call("proxy_on_context_create", stream, Self.rootContext)
        let (hasBody, hasTrailers) = (requestBody.readableBytes > 0, !requestTrailers.isEmpty)
        var isAnswered = try await step(
            "proxy_on_request_headers", stream, Int32(requestHeaders.count), hasBody || hasTrailers ? 0 : 1)
        if !isAnswered, hasBody {
            isAnswered = try await step("proxy_on_request_body", stream, Int32(requestBody.readableBytes), hasTrailers ? 0 : 1)
        }
        if !isAnswered, hasTrailers { _ = try await step("proxy_on_request_trailers", stream, Int32(requestTrailers.count)) }
        let response = localResponse ?? ownResponse()
        try await endStream()
        flushLines()
        return response
    }

    // MARK: - Contexts

    /// Whether it is one that the guest may act for.
    func isContext(_ context: Int32) -> Bool { context == Self.rootContext || context == streamContext }

    /// The context of the request that is served is over.
    func endStream() async throws(WasmError) {
        guard let streamContext else { return }
        try await end(streamContext)
        self.streamContext = nil
        effectiveContext = Self.rootContext
        request = nil
    }

    /// Tells the guest that a context is over. One that it says it still uses is kept until it is done with it, or has
    /// nothing left to wait for.
    private func end(_ context: Int32) async throws(WasmError) {
        effectiveContext = context
        let done = try callback("proxy_on_done", taking: 1)
        let mayGo = try await call("proxy_on_done", context) != 0 || !done.hasResult
        if !mayGo {
            pendingContext = context
            try await answerHTTPCalls { [self] in pendingContext == nil }
            pendingContext = nil
        }
        effectiveContext = context
        try await call("proxy_on_log", context)
        try await call("proxy_on_delete", context)
    }

    /// The guest is done with the context that it acts for; false when that one was not kept for it.
    func finishPendingContext() -> Bool {
        guard let pendingContext, pendingContext == effectiveContext else { return false }
        self.pendingContext = nil
        return true
    }

    private func begin(_ request: AppRequest) -> Int32 {
        beginCall()
        self.request = request
        requestHeaders = Self.headers(of: request)
        requestTrailers = request.trailers.map { ($0.name.lowercased(), $0.value) }
        responseHeaders = []
        responseTrailers = []
        isResponding = false
        requestBody = request.body
        // Functions that were written for Layotto read the query where there is no body.
        if requestBody.readableBytes == 0, !request.method.query.isEmpty { requestBody = ByteBuffer(substring: request.method.query) }
        responseBody.clear()
        localResponse = nil
        callAnswer = nil
        properties = [:]
        lastContext = lastContext == .max ? Self.rootContext + 1 : lastContext + 1
        effectiveContext = lastContext
        streamContext = lastContext
        return lastContext
    }

    /// The same for a request that passes. Nil when its target is none.
    func begin(filtering passing: MiddlewareRequest) -> Int32? {
        let head = passing.head
        guard let target = try? MethodPath(target: head.uri) else { return nil }
        isFilter = true
        let stream = begin(AppRequest(head.method, target, headers: head.headers, contentType: head.headers.first(name: "content-type")))
        requestBody.clear()
        peerAddress = passing.peerAddress
        return stream
    }

    /// A further part of the same request, which has limits of its own.
    func beginPart() {
        beginCall()
        localResponse = nil
        callAnswer = nil
    }

    func dropCalls() {
        for call in httpCalls { call.call.cancel() }
        httpCalls.removeAll()
    }

    private static func headers(of request: AppRequest) -> [HeaderPairs.Pair] {
        var pairs: [HeaderPairs.Pair] = [
            (":method", request.verb?.rawValue ?? "POST"), (":path", request.method.target), (":scheme", "http"),
            (":authority", request.headers.first(name: "host") ?? ""),
        ]
        for header in request.headers where header.name.lowercased() != "host" { pairs.append((header.name.lowercased(), header.value)) }
        if let type = request.contentType, !request.headers.contains(name: "content-type") { pairs.append(("content-type", type)) }
        return pairs
    }

    /// Puts one part of the request to the guest; true when it has sent an answer of its own.
    private func step(_ name: StaticString, _ arguments: Int32...) async throws(WasmError) -> Bool {
        continued.request = false
        effectiveContext = arguments[0]
        let action = try await call(name, arguments)
        if localResponse != nil { return true }
        // 0 goes on, 1 waits: for answers to calls, after which the guest lets the request go on or answers it.
        if action == 0 { return false }
        try await answerHTTPCalls { [self] in continued.request || localResponse != nil }
        if localResponse != nil { return true }
        guard continued.request else {
            let message = "the function put the request aside in \(name) and waits for nothing"
            throw WasmError(.trapped, message, cause: FunctionError(.failed, message))
        }
        return false
    }

    /// Tells the guest of the answers to its calls, until none is left or `isEnough`.
    func answerHTTPCalls(until isEnough: () -> Bool) async throws(WasmError) {
        while !isEnough(), !httpCalls.isEmpty {
            let next = httpCalls.removeFirst()
            let answer = await next.call.value
            callAnswer = answer
            callStatus = answer == nil ? (.brokenConnection, "no answer") : (.ok, "")
            let outer = effectiveContext
            effectiveContext = next.context
            try await call(
                "proxy_on_http_call_response", next.context, Int32(bitPattern: next.id), answer.map { Int32($0.headers.count + 1) } ?? 0,
                Int32(answer?.body.readableBytes ?? 0), Int32(answer?.trailers.count ?? 0))
            effectiveContext = outer
            callAnswer = nil
            callStatus = (.ok, "")
        }
    }

    private func ownResponse() -> AppResponse {
        var headers = HTTPHeaders()
        var status = HTTPResponseStatus.ok
        for (name, value) in responseHeaders {
            if name == ":status" {
                if let code = Int(value), (200...599).contains(code) { status = HTTPResponseStatus(statusCode: code) }
            } else if HeaderText.isName(name), HeaderText.isValue(value), !HeaderText.isOfConnection(name) {
                headers.add(name: name, value: value)
            }
        }
        let type = headers.first(name: "content-type")
        headers.remove(name: "content-type")
        var response = AppResponse(.http(status), headers: headers, contentType: type, body: responseBody)
        if !responseTrailers.isEmpty { response.trailers = Self.trailers(responseTrailers) }
        return response
    }

    /// What a guest made of trailers, as far as they are any.
    static func trailers(_ pairs: [HeaderPairs.Pair]) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for (name, value) in pairs where HeaderText.isName(name) && HeaderText.isValue(value) && !HeaderText.isOfConnection(name) {
            headers.add(name: name, value: value)
        }
        return headers
    }

    // MARK: - Calls in

    @discardableResult
    private func call(_ name: StaticString, _ arguments: Int32...) async throws(WasmError) -> Int32 { try await call(name, arguments) }

    /// Calls an export that guests may leave out; versions of the interface differ in how many arguments it takes.
    @discardableResult
    func call(_ name: StaticString, _ arguments: [Int32]) async throws(WasmError) -> Int32 {
        let callback = try callback(name, taking: arguments.count)
        guard let function = callback.function else { return 0 }
        let arguments = callback.parameters == arguments.count ? arguments : Array(arguments.prefix(callback.parameters))
        return try await instance.call(function, arguments, hasResult: callback.hasResult)
    }

    /// What the module exports under a name.
    private struct Callback {
        var name: StaticString
        var function: WasmExport?
        var parameters = 0
        var hasResult = false
    }

    /// Looked up once for each instance and place in the code that asks: five are called for each request.
    private func callback(_ name: StaticString, taking arguments: Int) throws(WasmError) -> Callback {
        for callback in callbacks where callback.name.utf8Start == name.utf8Start { return callback }
        var callback = Callback(name: name)
        if let signature = instance.template.module.function("\(name)"), let function = instance.function(name) {
            guard signature.parameters.allSatisfy({ $0 == .i32 }), signature.parameters.count <= arguments,
                signature.results.isEmpty || signature.results == [.i32]
            else { throw WasmError(.trapped, "the module exports \(name) as \(signature), which is not as proxy-wasm has it") }
            callback.function = function
            callback.parameters = signature.parameters.count
            callback.hasResult = !signature.results.isEmpty
        }
        callbacks.append(callback)
        return callback
    }

    private func require(_ name: StaticString, _ arguments: Int32...) async throws(WasmError) {
        guard instance.template.module.function("\(name)") != nil else { return }
        guard try await call(name, arguments) != 0 else {
            let message = "the function's \(name) said no"
            throw WasmError(.trapped, message, cause: FunctionError(.failed, message))
        }
    }

    // MARK: - Handing over

    /// Memory of the guest's own making for `count` bytes.
    private func allocate(_ count: Int) throws -> UInt32 {
        guard let allocator, count <= Int(UInt32.max) else { throw FunctionError(.failed, "the function exports no allocator") }
        return try instance.callNested(allocator, UInt32(count))
    }

    /// Gives bytes to the guest, and where they lie and how many they are to the two places that it named.
    func give(_ bytes: ByteBuffer, pointer: UInt32, count: UInt32) throws {
        _ = try instance.bytes(at: pointer, count: 4)
        _ = try instance.bytes(at: count, count: 4)
        var address: UInt32 = 0
        if bytes.readableBytes > 0 {
            address = try allocate(bytes.readableBytes)
            // What its allocator answers is no better than any other pointer of the guest; 0 means that it has none.
            guard address != 0 else {
                throw WasmMemoryError(pointer: 0, count: UInt32(bytes.readableBytes), memoryBytes: instance.memoryBytes)
            }
            let target = try instance.bytes(at: address, count: UInt32(bytes.readableBytes))
            bytes.withUnsafeReadableBytes { target.copyMemory(from: $0) }
        }
        try instance.store(address, at: pointer)
        try instance.store(UInt32(bytes.readableBytes), at: count)
    }

    func nextCallID() -> UInt32 {
        lastCall &+= 1
        return lastCall
    }
}
