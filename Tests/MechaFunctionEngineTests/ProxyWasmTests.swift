import MechaCore
import MechaFunctions
import MechaHost
import MechaInvocation
import NIOCore
import Testing

/// Guests that speak proxy-wasm, as Layotto's functions do.
@Suite(.timeLimit(.minutes(2))) struct ProxyWasmTests {
    private func with(
        _ configuration: String, isolation: FunctionScaling.Isolation = .fresh,
        _ body: (any LoadedFunction, EngineWorld) async throws -> Void
    ) async throws {
        let world = try await EngineWorld()
        let module = try await CGuests.proxy.value
        #expect(try world.loader.detect(module) == .proxyWasm)
        let function = try await world.load(module, abi: .proxyWasm) {
            $0.configuration = configuration
            $0.scaling.isolation = isolation
        }
        try await body(function, world)
        await function.close()
        #expect(function.instances == 0)
        await world.close()
    }

    @Test(arguments: FunctionScaling.Isolation.allCases)
    func `a function reads state and answers by the response's body`(isolation: FunctionScaling.Isolation) async throws {
        try await with("back", isolation: isolation) { function, world in
            try await world.runtime.saveState(store: "store", writes: [StateWrite(key: "book1", value: ByteBuffer(string: "100"))])
            // Without a body the query stands for it.
            for _ in 0..<3 { #expect(try await function.call("/?name=book1").text == "There are 100 inventories for book1.") }
            #expect(try await function.call("/", "name=book1").text == "There are 100 inventories for book1.")
            let paused = try await function.failure("/?nothing")
            #expect(paused.code == .failed && paused.message.contains("proxy_on_request_body"))
            #expect(world.lines.count("error: a name is missing") == 1)
            #expect(try await function.call("/?name=book1").status == 200)
        }
    }

    @Test func `a function calls another app and waits for its answer`() async throws {
        try await with("front") { function, _ in
            let asked = try await function.call("/?name=a")
            #expect(asked.text == "There are POST /behind - inventories for a.")
            // Put aside for an HTTP call, then let go on.
            #expect(try await function.call("/call").text == "01202GET /behind -")
        }
    }

    @Test func `a function answers by itself, with headers and status`() async throws {
        try await with("back") { function, _ in
            let local = try await function.call("/local")
            #expect(local.status == 403 && local.text == "no entry" && local.header("x-why") == "said")
            let headers = try await function.call("/headers", headers: ["X-Mine": "1"])
            #expect(headers.status == 202 && headers.header("x-two") == "2" && headers.header("x-gone") == nil)
            let text = headers.text
            #expect(text.contains(":path\0/headers\0") && text.contains("x-mine\u{0}1\u{0}"))
            let paused = try await function.failure("/pause")
            #expect(paused.code == .failed)
            #expect(try await function.call("/property").text == "kept/property01")
        }
    }

    @Test func `buffers are changed before, behind, within and as a whole`() async throws {
        try await with("back") { function, _ in
            for (path, text) in [("/forms", "12-XYcdef"), ("/formsrest", "12-XY!"), ("/formsall", "all"), ("/formsnone", "Ycdef")] {
                let response = try await function.call(path)
                #expect(response.text == text && response.trailers.first(name: "x-sum") == "6")
            }
        }
    }

    @Test func `trailers come with a request`() async throws {
        try await with("back") { function, _ in
            var request = AppRequest(.POST, try MethodPath(target: "/plain"))
            request.trailers = ["X-Checksum": "7a", "x-more": "1"]
            let call = BufferedCall(request)
            try await function.handle(call, deadline: nil)
            #expect(call.response.text == "027a")
        }
    }

    @Test func `callers who speak gRPC get a status of theirs`() async throws {
        try await with("back") { function, _ in
            let plain = try await function.call("/grpc")
            #expect(plain.status == 403 && plain.text == "not here" && plain.header("grpc-status") == nil)
            let answer = try await function.call("/grpc", contentType: "application/grpc+proto")
            #expect(answer.status == 200 && answer.header("grpc-status") == "5" && answer.header("grpc-message") == "not here")
            #expect(answer.contentType == "application/grpc" && answer.header("x-why") == "said" && answer.text == "")
        }
    }

    @Test func `a context that the guest still uses is kept until it is done`() async throws {
        try await with("back", isolation: .reused) { function, world in
            for count in 1...2 {
                let response = try await function.call("/done")
                #expect(response.text == "01")
                let lines = world.lines.all.filter { $0.contains("done ") || $0.contains("kept") }
                #expect(lines.suffix(2) == ["info: done right", "info: the kept context ends"] && lines.count == 2 * count)
            }
        }
    }

    @Test func `instances share data, queues and metrics`() async throws {
        try await with("back") { function, _ in
            let response = try await function.call("/shared")
            #expect(response.text == "0100000508000002000109000700item01")
        }
    }

    @Test func `a timer runs without requests`() async throws {
        try await with("tick") { function, _ in
            #expect(function.instances == 1)
            var text = ""
            while text < "c" {
                try await Task.sleep(for: .milliseconds(5))
                text = try await function.call("/ticks").text
            }
        }
    }

    @Test func `wrong pointers have a status, and wrong allocators are contained`() async throws {
        try await with("back") { function, _ in
            let response = try await function.call("/wrong")
            #expect(response.text == "060602020606060206060606100610060206")
        }
        let world = try await EngineWorld()
        do {
            _ = try await world.load(try await CGuests.proxy.value, abi: .proxyWasm) { $0.configuration = "no" }
            Issue.record("a function that refused its configuration was loaded")
        } catch let error as FunctionError {
            #expect(error.code == .failed && error.message.contains("proxy_on_configure"))
        }
        let hostile = try await world.load(try await CGuests.proxy.value, abi: .proxyWasm) { $0.configuration = "hostile" }
        // Its allocator answers a place outside of its memory.
        #expect(try await hostile.failure("/local").code == .failed)
        await hostile.close()
        await world.close()
    }
}
