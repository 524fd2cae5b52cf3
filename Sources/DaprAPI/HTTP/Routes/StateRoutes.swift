import MechaCore
import MechaHost
import NIOCore
import NIOHTTP1

/// The state API (section 1.1 of the Dapr surface).
enum StateRoutes {
    static let all: [HTTPRoute] = [
        HTTPRoute(.GET, at: "state/{store}/{key}", .v1, .state, handler: get),
        HTTPRoute(.POST, .PUT, at: "state/{store}", .v1, .state, handler: save),
        HTTPRoute(.DELETE, at: "state/{store}/{key}", .v1, .state, handler: delete),
        HTTPRoute(.POST, .PUT, at: "state/{store}/bulk", .v1, .state, handler: bulkGet),
        HTTPRoute(.POST, .PUT, at: "state/{store}/transaction", .v1, .state, handler: transact),
        HTTPRoute(.POST, .PUT, at: "state/{store}/query", .v1alpha1, .state, handler: query),
    ]

    @Sendable private static func get(_ call: HTTPCall) async throws {
        let options = StateReadOptions(
            consistency: try StateRequestDecoding.consistency(call.query["consistency"]), metadata: call.query.metadata)
        let entry = try await call.app.getState(store: call.parameter(0), key: call.parameter(1), options: options)
        guard let entry else { return call.answer(.noContent) }
        var headers = HTTPHeaders()
        headers.reserveCapacity(4)
        if let etag = entry.etag { headers.add(name: "etag", value: etag) }
        if let expiry = entry.expiresAt { headers.add(name: "metadata.ttlExpireTime", value: expiry.rfc3339) }
        call.answerJSON(entry.value, headers: headers)
    }

    @Sendable private static func save(_ call: HTTPCall) async throws {
        let writes = try StateRequestDecoding.writes(await call.body())
        try await call.app.saveState(store: call.parameter(0), writes: writes)
        call.answer()
    }

    @Sendable private static func delete(_ call: HTTPCall) async throws {
        let removal = StateRemoval(
            key: try call.parameter(1), etag: call.header("if-match"),
            concurrency: try StateRequestDecoding.concurrency(call.query["concurrency"]),
            consistency: try StateRequestDecoding.consistency(call.query["consistency"]), metadata: call.query.metadata)
        try await call.app.deleteState(store: call.parameter(0), removal: removal)
        call.answer()
    }

    @Sendable private static func bulkGet(_ call: HTTPCall) async throws {
        let request = try StateRequestDecoding.bulkGet(await call.body())
        let metadata = request.metadata.merging(call.query.metadata) { fromBody, _ in fromBody }
        let results = try await call.app.bulkGetState(
            store: call.parameter(0), keys: request.keys, options: StateReadOptions(metadata: metadata),
            parallelism: request.parallelism)
        var body = ByteBuffer()
        body.writeStaticString("[")
        for (index, result) in results.enumerated() {
            if index > 0 { body.writeStaticString(",") }
            writeBulkItem(result, into: &body)
        }
        body.writeStaticString("]")
        call.answerJSON(body)
    }

    @Sendable private static func transact(_ call: HTTPCall) async throws {
        let transaction = try StateRequestDecoding.transaction(await call.body())
        try await call.app.transactState(
            store: call.parameter(0), operations: transaction.operations, metadata: transaction.metadata, trace: call.trace)
        call.answer()
    }

    @Sendable private static func query(_ call: HTTPCall) async throws {
        let query = try StateQuery(document: await call.body())
        let page = try await call.app.queryState(store: call.parameter(0), query: query, metadata: call.query.metadata)
        if page.results.isEmpty { return call.answer(.noContent) }
        var body = ByteBuffer(string: #"{"results":["#)
        for (index, result) in page.results.enumerated() {
            if index > 0 { body.writeStaticString(",") }
            writeBulkItem(StateBulkResult(key: result.key, .success(result.entry)), into: &body)
        }
        body.writeStaticString("]")
        if let token = page.token {
            body.writeStaticString(#","token":"#)
            body.writeJSONString(token)
        }
        body.writeStaticString("}")
        call.answerJSON(body)
    }

    /// `{key, data?, etag?, metadata?, error?}`.
    private static func writeBulkItem(_ result: StateBulkResult, into body: inout ByteBuffer) {
        body.writeStaticString(#"{"key":"#)
        body.writeJSONString(result.key)
        switch result.outcome {
        case .success(let entry?):
            body.writeStaticString(#","data":"#)
            writeStoredValue(entry.value, into: &body)
            if let etag = entry.etag {
                body.writeStaticString(#","etag":"#)
                body.writeJSONString(etag)
            }
            if let expiry = entry.expiresAt {
                body.writeStaticString(#","metadata":{"ttlExpireTime":"#)
                body.writeJSONString(expiry.rfc3339)
                body.writeStaticString("}")
            }
        case .success(nil): break
        case .failure(let error):
            body.writeStaticString(#","error":"#)
            body.writeJSONString("\(error)")
        }
        body.writeStaticString("}")
    }

    /// A stored value inside a JSON document: as it is when it is JSON, else as a string (its text, or
    /// Base64 when it is no text).
    private static func writeStoredValue(_ value: ByteBuffer, into body: inout ByteBuffer) {
        if JSON.isValid(value) {
            body.writeImmutableBuffer(value)
        } else if let text = String(validating: value.readableBytesView, as: UTF8.self) {
            body.writeJSONString(text)
        } else {
            body.writeJSONString(Base64.encode(value.readableBytesView))
        }
    }
}
