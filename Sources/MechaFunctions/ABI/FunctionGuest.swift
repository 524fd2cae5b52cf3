import Logging
import MechaInvocation
import MechaWasm
import NIOCore

/// An instance with what the host knows of it, whatever it is made of and whichever interface it speaks. One call at a
/// time, like the instance.
class FunctionGuest: @unchecked Sendable {
    let context: FunctionContext
    let store: WasmStore
    var servedRequests = 0
    /// How often the guest wants to be called without a request.
    var tickMilliseconds: Int?

    private var outboundCalls = 0
    private var loggedBytes = 0
    /// What a guest wrote to its standard output and error without a line's end.
    private var lines: [UInt32: [UInt8]] = [:]

    init(_ store: WasmStore, context: FunctionContext, slot: InstanceSlot) {
        self.context = context
        self.store = store
        store.guest = self
        store.companion = slot
    }

    /// What the instance's memory is accounted as, in bytes.
    var memoryBytes: Int { store.memoryBytes }

    // MARK: - What the interfaces do

    func start() async throws(WasmError) {}
    func destroy() async throws(WasmError) {}
    func handle(_ request: AppRequest) async throws(WasmError) -> AppResponse { AppResponse(.http(.notImplemented)) }
    /// The same for a call that is handed on as it is.
    func handle(_ call: BufferedCall) async throws(WasmError) { call.response = try await handle(call.request) }
    func tick() async throws(WasmError) {}
    /// The name that the guest gave itself, where its interface has that.
    var routeID: String? { nil }
    /// The instance is about to go, in order.
    func end() async throws(WasmError) {}

    /// Ends what belongs to this guest and no call.
    func free() { flushLines() }

    // MARK: - Limits of a call

    func beginCall() {
        outboundCalls = 0
        loggedBytes = 0
    }

    /// Counts a call that leaves the instance.
    func countOutboundCall() throws(FunctionError) {
        outboundCalls += 1
        guard outboundCalls <= context.limits.outboundCalls else {
            throw FunctionError(.failed, "the function made more than its \(context.limits.outboundCalls) calls of the host")
        }
    }

    // MARK: - Log

    /// Logs up to the limit of a call; the rest is dropped, and one line says so.
    func log(_ level: Logger.Level, _ text: @autoclosure () -> String, bytes: Int) {
        let limit = context.limits.logBytes
        guard loggedBytes <= limit else { return }
        loggedBytes += bytes
        if loggedBytes > limit {
            context.logger.warning("the function logged more than its \(limit) bytes for one call; the rest is dropped")
        } else if context.logger.logLevel <= level {
            context.logger.log(level: level, "\(text())")
        }
    }

    /// Standard output (1) or error (2) of WASI, in lines.
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: UInt32) {
        var line = lines.removeValue(forKey: descriptor) ?? []
        for byte in bytes {
            if byte == 0x0a || line.count >= Self.lineBytesAtMost {
                log(descriptor == 2 ? .warning : .info, String(decoding: line, as: UTF8.self), bytes: line.count + 1)
                line.removeAll(keepingCapacity: true)
                if byte == 0x0a { continue }
            }
            line.append(byte)
        }
        if !line.isEmpty { lines[descriptor] = line }
    }

    /// Longest line of standard output that is logged as one.
    private static let lineBytesAtMost = 8 << 10

    func flushLines() {
        for (descriptor, line) in lines.sorted(by: { $0.key < $1.key }) {
            log(descriptor == 2 ? .warning : .info, String(decoding: line, as: UTF8.self), bytes: line.count)
        }
        lines.removeAll()
    }
}
