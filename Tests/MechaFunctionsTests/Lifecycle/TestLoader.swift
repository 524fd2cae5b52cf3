import MechaHost
import MechaInvocation
import NIOCore
import NIOHTTP1
import Synchronization

@testable import MechaFunctions

/// Runs "modules" whose bytes are a text: `broken` cannot be loaded, `trap` fails each call, `wait` answers when the test
/// lets it, anything else is what calls are answered with.
final class TestLoader: FunctionLoader {
    private struct State {
        var loads: [String] = []
        var closes: [String] = []
        var held: [CheckedContinuation<Void, Never>] = []
        var isOpen = false
    }

    private let state = Mutex(State())

    /// `name/revision`, in the order in which they came and went.
    var loads: [String] { state.withLock { $0.loads } }
    var closes: [String] { state.withLock { $0.closes } }
    var waiting: Int { state.withLock { $0.held.count } }

    /// Lets calls that wait end, and those that come.
    func release() {
        let held = state.withLock { state in
            state.isOpen = true
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func hold() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.held.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func load(
        _ revision: FunctionRevision, module: [UInt8], runtime: AppRuntime
    ) async throws(FunctionError) -> any LoadedFunction {
        let text = String(decoding: module, as: UTF8.self)
        if text == "broken" { throw FunctionError(.missingImport, "it imports env.nothing, which nobody provides") }
        state.withLock { $0.loads.append("\(revision.function)/\(revision.number)") }
        return TestFunction(revision, text: text, loader: self)
    }

    func closed(_ revision: FunctionRevision) { state.withLock { $0.closes.append("\(revision.function)/\(revision.number)") } }

    func detect(_ module: [UInt8]) throws(FunctionError) -> FunctionABI { .mecha }
}

private final class TestFunction: LoadedFunction {
    let revision: FunctionRevision
    private let text: String
    private let loader: TestLoader
    private let account = Mutex(FunctionUsage())
    private let isClosed = Atomic(false)

    init(_ revision: FunctionRevision, text: String, loader: TestLoader) {
        self.revision = revision
        self.text = text
        self.loader = loader
    }

    var routeID: String? { text == "named" ? "id_7" : nil }
    var usage: FunctionUsage { account.withLock { $0 } }
    var instances: Int { 1 }

    func handle(_ call: BufferedCall, deadline: NIODeadline?) async throws(FunctionError) {
        call.response = try await response(to: call.request)
    }

    private func response(to request: AppRequest) async throws(FunctionError) -> AppResponse {
        precondition(!isClosed.load(ordering: .relaxed), "a call after close")
        account.withLock { $0 += FunctionUsage(calls: 1, failures: text == "trap" ? 1 : 0) }
        switch text {
        case "trap": throw FunctionError(.trapped, "unreachable", stack: ["inner", "outer"])
        case "wait":
            await loader.hold()
            precondition(!isClosed.load(ordering: .relaxed), "closed under a call")
        case "headers":
            return AppResponse(
                .http(.ok),
                headers: [
                    "x-good": "1", "connection": "close", "transfer-encoding": "chunked", "content-length": "3", "mecha-failure": "x",
                    "bad name": "x", "x-bad": "a\r\nset-cookie: b",
                ])
        case "echo":
            let lines =
                ["\(request.verb?.rawValue ?? "-") \(request.method.target)"]
                + request.headers.map { "\($0.name.lowercased()): \($0.value)" }
            return AppResponse(.http(.ok), body: ByteBuffer(string: lines.joined(separator: "\n") + "\n\n" + String(buffer: request.body)))
        default: break
        }
        return AppResponse(.http(.ok), contentType: "text/plain", body: ByteBuffer(string: text))
    }

    func close() async {
        isClosed.store(true, ordering: .relaxed)
        loader.closed(revision)
    }
}
