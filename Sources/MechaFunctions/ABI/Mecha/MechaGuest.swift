import MechaInvocation
import MechaWasm
import NIOCore
import NIOHTTP1

/// A guest that speaks Mecha's own interface (docs/function-abi.md).
final class MechaGuest: Guest, @unchecked Sendable {
    // The call that runs.
    private var call: BufferedCall?
    var request: AppRequest? { call?.request }
    var status = HTTPResponseStatus.ok
    var responseHeaders = HTTPHeaders()
    var responseHeaderBytes = 0
    var responseType: String?
    var responseBody = ByteBuffer()
    /// What the last call of the host came to.
    var result = GuestResult()

    private var handleFunction: WasmExport?

    override func setUp() async throws(WasmError) {
        try await instance.instantiate()
        handleFunction = instance.function("handle")
        if let initialize = instance.function("_initialize") { _ = try await instance.call(initialize, hasResult: false) }
    }

    override func start() async throws(WasmError) { try await run("start") }

    override func destroy() async throws(WasmError) { try await run("destroy") }

    /// Runs an export that a module may leave out, with a status as its result or none.
    private func run(_ name: StaticString) async throws(WasmError) {
        guard let function = instance.function(name) else { return }
        beginCall()
        let hasResult = instance.template.module.function("\(name)")?.results.isEmpty == false
        let status = try await instance.call(function, hasResult: hasResult)
        flushLines()
        if status != 0 { throw failure("the function's \(name) ended with status \(status)") }
    }

    override func handle(_ call: BufferedCall) async throws(WasmError) {
        // Apart, since what stands in an async function stays in its frame while the guest runs.
        let outcome = try await instance.call(try begin(call), hasResult: true)
        try answer(outcome, call)
    }

    @inline(never)
    private func begin(_ call: BufferedCall) throws(WasmError) -> WasmExport {
        guard let handleFunction else { throw failure("the function exports no handle") }
        beginCall()
        self.call = call
        status = .ok
        responseHeaders = [:]
        responseHeaderBytes = 0
        responseType = nil
        responseBody.clear()
        result = GuestResult()
        return handleFunction
    }

    @inline(never)
    private func answer(_ outcome: Int32, _ call: BufferedCall) throws(WasmError) {
        flushLines()
        self.call = nil
        if outcome != 0 { throw failure("the function's handle ended with status \(outcome)") }
        defer { responseBody = ByteBuffer() }
        call.response = AppResponse(.http(status), headers: responseHeaders, contentType: responseType, body: responseBody)
    }

    private func failure(_ message: String) -> WasmError {
        WasmError(.trapped, message, cause: FunctionError(.failed, message))
    }

    // MARK: - Results

    /// Puts a result into the guest's buffer as far as it fits, keeps it for reading on, and answers its length.
    func deliver(_ result: GuestResult, at pointer: UInt32, capacity: UInt32) throws -> Int32 {
        let length = try copy(result.bytes, at: pointer, capacity: capacity)
        self.result = result
        return length
    }

    /// Answers a failure's status and keeps its message for reading.
    func deliver(_ failure: GuestFailure) -> Int32 {
        result = GuestResult(ByteBuffer(string: failure.message))
        return failure.status.rawValue
    }

    func copy(_ bytes: ByteBuffer, from offset: UInt32 = 0, at pointer: UInt32, capacity: UInt32) throws -> Int32 {
        guard bytes.readableBytes <= Int(Int32.max) else { throw FunctionError(.failed, "a result has more than 2 GiB") }
        let target = try instance.bytes(at: pointer, count: capacity)
        bytes.withUnsafeReadableBytes { bytes in
            let wanted = bytes.dropFirst(Int(offset)).prefix(target.count)
            if !wanted.isEmpty { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: wanted)) }
        }
        return Int32(bytes.readableBytes)
    }
}
