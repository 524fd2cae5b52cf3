import Logging
import MechaCore
import MechaHost
import MechaInvocation
import MechaWire
import NIOCore
import NIOHTTP1
import Synchronization

/// `middleware.http.wasm`: requests and responses pass through a WebAssembly module that speaks http-wasm, as
/// Dapr's, or proxy-wasm.
public final class WasmMiddleware: HTTPMiddleware, AttachedComponent {
    private let source: Source
    private let revision: FunctionRevision
    private let loader: WasmFunctionLoader
    private let environment: ComponentEnvironment
    /// Of the process; they say where Docker's configuration is.
    private let variables: [String: String]

    private enum Source {
        case file(String)
        case web(WebURL)
        case image(ImageReference)
    }

    private struct State {
        weak var runtime: AppRuntime?
        var module: [UInt8] = []
        var abi = FunctionABI.proxyWasm
        var loading: Task<Result<WasmFunction, FunctionError>, Never>?
        var function: WasmFunction?
        var isClosed = false
    }

    private let state = Mutex(State())

    private static let fetchPatience = TimeAmount.seconds(30)

    init(_ metadata: ComponentMetadata, _ environment: ComponentEnvironment, loader: WasmFunctionLoader, variables: [String: String]) throws
    {
        self.environment = environment
        self.variables = variables
        self.loader = loader
        let url = try metadata.required("url")
        func misuse(_ problem: String) -> MetadataError {
            MetadataError(field: "url", problem: problem, expected: "file://path, http(s)://... or oci://registry/repository:tag")
        }
        if url.hasPrefix("file://") {
            let path = String(url.dropFirst(7))
            guard !path.isEmpty else { throw misuse("names no file") }
            source = .file(path.hasPrefix("/") ? path : "\(environment.workingDirectory)/\(path)")
        } else if url.hasPrefix("oci://") {
            do throws(FunctionBaseError) { source = .image(try ImageReference(url)) } catch { throw misuse(error.message) }
        } else if let web = WebURL(url) {
            source = .web(web)
        } else {
            throw misuse("is \"\(url.prefix(200))\"")
        }
        var revision = FunctionRevision(function: environment.name, number: 1, digest: "", abi: .proxyWasm)
        revision.configuration = metadata.string("guestConfig") ?? ""
        revision.grants.clock = true
        revision.grants.random = true
        revision.grants.stdout = true
        // Languages import more of WASI than they need.
        revision.grants.wasi = true
        func names(_ field: String) -> [String] {
            (metadata.string(field) ?? "").split(separator: ",").map { String($0.drop { $0 == " " }) }.filter { !$0.isEmpty }
        }
        revision.grants.invoke = names("invoke")
        revision.grants.state = names("state")
        revision.scaling.isolation = .reused
        revision.limits.memoryBytes = try metadata.byteSize("memory", default: revision.limits.memoryBytes)
        revision.limits.requestBytes = try metadata.byteSize("maxBody", default: revision.limits.requestBytes)
        revision.limits.responseBytes = revision.limits.requestBytes
        if let time = try metadata.duration("timeout") {
            revision.limits.wallMilliseconds = max(1, Int(time / .milliseconds(1)))
        }
        self.revision = revision
    }

    public var status: ComponentStatus {
        state.withLock { state in
            state.isClosed ? ComponentStatus(.closed) : .ready
        }
    }

    /// Reads the module, and looks at what it speaks; it is loaded when the app is there.
    public func start() async throws {
        let bytes: [UInt8]
        let abi: FunctionABI
        do {
            bytes = try await read()
            abi = try loader.detect(bytes)
            guard abi == .proxyWasm || abi == .httpWasm else {
                throw FunctionError(
                    .invalidModule,
                    "the module is no filter: expected http-wasm (it exports handle_request) or proxy-wasm (proxy_abi_version_*)")
            }
            if abi == .httpWasm, !(try WasmExportNames.read(bytes).contains("handle_response")) {
                throw FunctionError(.invalidModule, "the module exports no handle_response, which http-wasm asks for")
            }
        } catch let error as FunctionError {
            throw CapabilityError(.misconfigured, "the module of \(environment.name) cannot be run: \(error.message)")
        } catch let error as FunctionBaseError {
            throw CapabilityError(.misconfigured, "the module of \(environment.name) cannot be had: \(error.message)")
        }
        state.withLock { state in
            state.module = bytes
            state.abi = abi
        }
    }

    private func read() async throws -> [UInt8] {
        switch source {
        case .file(let path): return try await ModuleFiles.module(at: path).bytes
        case .web(let url):
            return try await withClient { client in
                let origin = Origin(.tcp(host: url.host, port: url.port), tls: url.isSecure ? ClientTLS() : nil)
                var request = ClientRequest(.GET, url.target, at: origin)
                request.responseBodyLimitBytes = FunctionStore.moduleBytesAtMost
                do {
                    let answer = try await client.execute(request, deadline: .now() + Self.fetchPatience)
                    guard answer.status == .ok else {
                        throw FunctionBaseError(.unavailable, "\(url.origin)\(url.target) answered \(answer.status.code)")
                    }
                    return Array(answer.body.readableBytesView)
                } catch let error as WireError {
                    throw FunctionBaseError(.unavailable, "\(url.origin): \(error.message)")
                }
            }
        case .image(let reference):
            return try await withClient { client in
                try await ImageRegistry(client: client, environment: variables).pull(reference, isInsecure: false).bytes
            }
        }
    }

    private func withClient(_ body: (HTTPClient) async throws -> [UInt8]) async throws -> [UInt8] {
        let client = HTTPClient(loops: try await EventLoops.joining(environment.eventLoopGroup))
        let result: Result<[UInt8], any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await client.close()
        return try result.get()
    }

    public func attach(_ runtime: AppRuntime) {
        state.withLock { state in
            if state.runtime == nil { state.runtime = runtime }
        }
    }

    public func close() async {
        let (loading, function) = state.withLock { state in
            state.isClosed = true
            state.module = []
            return (state.loading.take(), state.function.take())
        }
        if let function { return await loader.closeFilter(function) }
        if case .success(let function)? = await loading?.value { await loader.closeFilter(function) }
    }

    // MARK: - Requests

    public func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict {
        .later { [self] request in await pass(&request) }
    }

    private func pass(_ request: inout MiddlewareRequest) async -> MiddlewareVerdict {
        do throws(FunctionError) {
            let session = try await FilterSession(try await function())
            if let answer = try await session.request(&request) { return .answer(answer) }
            let wants = session.wants
            if wants.response {
                let limit = wants.body ? revision.limits.responseBytes : nil
                request.filterResponse(
                    ResponseFilter(bodyBytesAtMost: limit) { [name = environment.name] response in
                        do throws(FunctionError) {
                            try await session.response(&response)
                        } catch {
                            // What the filter was to do has not been done, so what it was to be done to does not go out.
                            let answer = Self.answer(error, name)
                            response.status = answer.status
                            response.headers = answer.headers
                            response.body = answer.body
                            response.trailers = [:]
                        }
                    })
            }
            return .pass
        } catch {
            return .answer(Self.answer(error, environment.name))
        }
    }

    private static func answer(_ error: FunctionError, _ name: String) -> MiddlewareAnswer {
        let answer = error.response(of: name, isGRPC: false)
        var headers = answer.headers
        if let type = answer.contentType { headers.add(name: "content-type", value: type) }
        return MiddlewareAnswer(error.httpStatus, headers: headers, body: answer.body)
    }

    private func function() async throws(FunctionError) -> WasmFunction {
        let loading: Task<Result<WasmFunction, FunctionError>, Never>
        switch begin() {
        case .success(.ready(let function)): return function
        case .success(.loading(let task)): loading = task
        case .failure(let error): throw error
        }
        return try await loading.value.get()
    }

    private enum Begun {
        case ready(WasmFunction)
        case loading(Task<Result<WasmFunction, FunctionError>, Never>)
    }

    private func begin() -> Result<Begun, FunctionError> {
        state.withLock { state in
            if let function = state.function { return .success(.ready(function)) }
            if let loading = state.loading { return .success(.loading(loading)) }
            guard !state.isClosed, let runtime = state.runtime else {
                return .failure(FunctionError(.closed, "the middleware \(environment.name) is closed"))
            }
            let module = state.module
            var revision = revision
            revision.abi = state.abi
            let task = Task.detached { [self, runtime, revision] () -> Result<WasmFunction, FunctionError> in
                do throws(FunctionError) {
                    let function = try await loader.loadFilter(revision, module: module, runtime: runtime)
                    loaded(function)
                    return .success(function)
                } catch {
                    environment.logger.error("the middleware \(environment.name) cannot be run: \(error.message)")
                    failed()
                    return .failure(error)
                }
            }
            state.loading = task
            return .success(.loading(task))
        }
    }

    private func loaded(_ function: WasmFunction) {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.function = function
            state.module = []
        }
    }

    /// The next request tries again.
    private func failed() { state.withLock { $0.loading = nil } }

    // MARK: -

    /// `middleware.http.wasm`, version 1.
    ///
    /// - Parameters:
    ///   - variables: of the process.
    ///   - loader: runs modules for components of that environment.
    public static func descriptor(
        variables: [String: String], _ loader: @escaping @Sendable (ComponentEnvironment) -> WasmFunctionLoader
    ) -> ComponentDescriptor {
        ComponentDescriptor(
            type: "middleware.http.wasm",
            summary: "Sends requests and responses through a WebAssembly module that speaks http-wasm or proxy-wasm",
            fields: [
                MetadataField(
                    "url", .string, required: true,
                    "Where the module is: file://path (without a slash in front, from the working directory), http://, https://, or "
                        + "oci://registry/repository:tag"),
                MetadataField("guestConfig", .string, "Text that the guest gets as its configuration"),
                MetadataField("invoke", .string, "Apps and HTTP endpoints that the guest may call, with commas between them; * is all"),
                MetadataField("state", .string, "State stores that the guest may read, with commas between them; * is all"),
                MetadataField("memory", .bytes, default: "64Mi", "Memory of one instance"),
                MetadataField("maxBody", .bytes, default: "4Mi", "Largest body that is held for the guest"),
                MetadataField("timeout", .duration, default: "30s", "Time of the guest for one request, and for its response"),
            ]
        ) { metadata, environment in try WasmMiddleware(metadata, environment, loader: loader(environment), variables: variables) }
    }
}
