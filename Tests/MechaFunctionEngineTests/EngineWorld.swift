import Foundation
import Logging
import MechaCore
import MechaFunctions
import MechaHost
import MechaInvocation
import MechaTestKit
import MechaWire
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import MechaRuntime

/// An app with real components, for functions to be loaded into; and an HTTP server that is the app `fn` to others.
final class EngineWorld: Sendable {
    let folder: TemporaryDirectory
    let runtime: AppRuntime
    let loader: WasmFunctionLoader
    let lines: LogLines
    private let loops: EventLoops
    private let listener: HTTPListener

    static let resources = """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: statestore}
        spec: {type: state.in-memory, version: v1}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: store}
        spec: {type: state.in-memory, version: v1}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: secret-store}
        spec: {type: state.in-memory, version: v1}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: pubsub}
        spec: {type: pubsub.in-memory, version: v1}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: files}
        spec: {type: bindings.localstorage, version: v1, metadata: [{name: rootPath, value: FOLDER/files}]}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: vault}
        spec: {type: secretstores.local.file, version: v1, metadata: [{name: secretsFile, value: FOLDER/secrets.json}]}
        """

    init(compiler: WasmFunctionOptions.Compiler = .optimizing, maximumInstances: Int = 64) async throws {
        folder = try TemporaryDirectory(prefix: "mecha-functions")
        try FileManager.default.createDirectory(atPath: folder.file("resources"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: folder.file("files"), withIntermediateDirectories: true)
        try #"{"login": "let-me-in"}"#.write(toFile: folder.file("secrets.json"), atomically: true, encoding: .utf8)
        try Self.resources.replacing("FOLDER", with: folder.path)
            .write(toFile: folder.file("resources/all.yaml"), atomically: true, encoding: .utf8)

        loops = EventLoops(count: 1)
        listener = try await HTTPListener.start(ListenerOptions(.tcp(host: "127.0.0.1", port: 0)), loops: loops, service: EchoService())
        var app = AppOptions(appID: "fn")
        app.appPort = listener.port
        app.resourcesPaths = [folder.file("resources")]
        app.isLogOnConsole = false
        let options = RuntimeOptions(apps: [app], dataDirectory: folder.file("data"))
        let logs = try RuntimeLogs(options)
        let host = Host(
            loops: loops, client: HTTPClient(loops: loops), catalog: .mecha, hostName: "test", dataDirectory: folder.file("data"),
            environment: ["login": "let-me-in", "COLOUR": "green", "SHAPE": "round"]
        ) { app, scope in logs.of(app).logger(scope: scope) }
        let lines = LogLines()
        self.lines = lines
        let report = AppRuntime.readResources(app, environment: host.environment)
        let parts = try TelemetryParts(app, report.resources.configuration, logs: logs.of(app), host: host)
        runtime = AppRuntime(
            options: app, configuration: report.resources.configuration, telemetry: parts.telemetry,
            logger: Logger(label: "test") { _ in LineHandler(lines) }, host: host)
        try await runtime.loadInitial(report)
        try await runtime.joinMesh(internalPort: nil, httpPort: nil, grpcPort: nil)
        runtime.becomeOutboundReady()

        var functions = WasmFunctionOptions(cacheDirectory: Self.cache)
        functions.maximumInstances = maximumInstances
        functions.compiler = compiler
        loader = WasmFunctionLoader(functions)
    }

    /// Shared by all tests of this process, so that each module is compiled once.
    private static let cacheFolder = Result { try TemporaryDirectory(prefix: "mecha-wasm-cache") }
    private static let cache = (try? cacheFolder.get().path) ?? "/tmp/mecha-wasm-cache"

    func close() async {
        await loader.close()
        await runtime.leaveMesh()
        await runtime.closeComponents()
        await listener.close()
        await runtime.host.client.close()
        await loops.shutdown()
    }

    /// Loads a module with every grant, unless `change` takes some away.
    func load(
        _ module: [UInt8], abi: FunctionABI = .mecha, change: (inout FunctionRevision) -> Void = { _ in }
    ) async throws -> any LoadedFunction {
        var revision = FunctionRevision(function: "fn", number: 1, digest: "", abi: abi)
        revision.grants.state = ["store"]
        revision.grants.pubsub = ["*"]
        revision.grants.bindings = ["files"]
        revision.grants.secrets = ["vault"]
        revision.grants.invoke = ["fn"]
        revision.grants.env = ["COLOUR"]
        revision.grants.clock = true
        revision.grants.random = true
        change(&revision)
        return try await loader.load(revision, module: module, runtime: runtime)
    }
}

/// Says what it was asked.
private struct EchoService: HTTPService {
    func handle(_ exchange: ServerExchange) {
        let head = exchange.head
        exchange.respond(
            status: .accepted, headers: ["content-type": "text/plain"],
            body: ByteBuffer(string: "\(head.method.rawValue) \(head.uri) \(head.headers.first(name: "x-from") ?? "-")"))
    }
}

/// Lines that were logged.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock { $0 } }

    func count(_ text: String) -> Int { all.count { $0.contains(text) } }
}

private struct LineHandler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(_ lines: LogLines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.add("\(event.level): \(event.message)") }
}

extension LoadedFunction {
    /// Calls it with a path and a body.
    func call(
        _ path: String, _ body: String = "", headers: HTTPHeaders = [:], contentType: String? = nil, deadline: NIODeadline? = nil
    ) async throws -> AppResponse {
        try await call(path, ByteBuffer(string: body), headers: headers, contentType: contentType, deadline: deadline)
    }

    func call(
        _ path: String, _ body: ByteBuffer, headers: HTTPHeaders = [:], contentType: String? = nil, deadline: NIODeadline? = nil
    ) async throws -> AppResponse {
        let call = BufferedCall(
            AppRequest(.POST, try MethodPath(target: path), headers: headers, contentType: contentType, body: body))
        try await handle(call, deadline: deadline)
        return call.response
    }

    /// The error that a call ends with.
    func failure(_ path: String, _ body: ByteBuffer = ByteBuffer(), deadline: NIODeadline? = nil) async throws -> FunctionError {
        do {
            _ = try await call(path, body, deadline: deadline)
        } catch let error as FunctionError {
            return error
        }
        throw NoFailure()
    }
}

struct NoFailure: Error {}

extension AppResponse {
    var status: Int { if case .http(let status) = outcome { Int(status.code) } else { 0 } }
    var text: String { String(buffer: body) }
    func header(_ name: String) -> String? { headers.first(name: name) }
}

/// Modules made of C by the toolchain's own compiler, once for each process.
enum CGuests {
    static let exercise = Task { try await compile("Tests/Guests/exercise.c") }
    static let hello = Task { try await compile("guests/c/hello.c") }
    static let proxy = Task { try await compile("Tests/Guests/proxy.c") }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func compile(_ path: String) async throws -> [UInt8] {
        let output = FileManager.default.temporaryDirectory.appending(path: "mecha-guest-\(UUID().uuidString).wasm")
        defer { try? FileManager.default.removeItem(at: output) }
        let process = try ServerProcess(
            "clang",
            ["--target=wasm32-unknown-unknown", "-Os", "-nostdlib", "-Wl,--no-entry", "-Wall", "-Wextra", "-Werror"]
                + ["-I\(root.path)/guests/c", "-o", output.path, "\(root.path)/\(path)"])
        #expect(try await process.waitForExit() == .code(0), "\(process.output)")
        return Array(try Data(contentsOf: output))
    }
}
