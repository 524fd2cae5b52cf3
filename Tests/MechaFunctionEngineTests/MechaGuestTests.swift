import MechaCore
import MechaFunctions
import MechaHost
import NIOCore
import Testing

/// What guests of Mecha's own interface can do, with real components behind it.
@Suite(.timeLimit(.minutes(2))) struct MechaGuestTests {
    private func with(
        _ change: (inout FunctionRevision) -> Void = { _ in }, compiler: WasmFunctionOptions.Compiler = .optimizing,
        _ body: (any LoadedFunction, EngineWorld) async throws -> Void
    ) async throws {
        let world = try await EngineWorld(compiler: compiler)
        let function = try await world.load(try await CGuests.exercise.value, change: change)
        try await body(function, world)
        await function.close()
        await world.close()
    }

    @Test(arguments: WasmFunctionOptions.Compiler.allCases)
    func `a request comes in and its answer goes out`(compiler: WasmFunctionOptions.Compiler) async throws {
        try await with(compiler: compiler) { function, _ in
            let body = String(repeating: "0123456789", count: 1_000)
            let response = try await function.call("/echo?a=b", body, contentType: "application/x-thing")
            #expect(response.status == 201)
            #expect(response.text == body)
            #expect(response.contentType == "application/x-thing")
            #expect(response.header("x-absent") == "-1")
            #expect(response.header("x-field") == "-2")
            #expect(response.header("x-verb") == "4")
            #expect(try await function.call("/echo").text == "")
        }
    }

    @Test func `state is read, written, guarded and deleted`() async throws {
        try await with { function, _ in
            let missing = try await function.call("/get")
            #expect(missing.header("x-status") == "-1")
            #expect(try await function.call("/set", "first value").header("x-status") == "0")
            let found = try await function.call("/get")
            // Two bytes fit into the guest's buffer; the rest is read on.
            #expect(found.header("x-status") == "11")
            #expect(found.text == "first value")
            let etag = try #require(found.header("x-etag"))
            let conflict = try await function.call("/set-if", "999999")
            #expect(conflict.header("x-status") == "-5")
            #expect(conflict.text.contains("etag"))
            #expect(try await function.call("/set-if", etag).header("x-status") == "0")
            #expect(try await function.call("/get").text == "second")
            let bulk = try await function.call("/bulk").body
            #expect(bulk.readableBytes == 4 + (4 + 3) + 4 + (4 + 6) + (4 + bulkEtagBytes(bulk)) + (4 + 7) + 4 + 4 + 4)
            #expect(try await function.call("/transaction", "of two").header("x-status") == "0")
            #expect(try await function.call("/get").header("x-status") == "-1")
            #expect(try await function.call("/delete").header("x-status") == "0")
        }
    }

    private func bulkEtagBytes(_ bytes: ByteBuffer) -> Int {
        var bytes = bytes
        bytes.moveReaderIndex(forwardBy: 4 + 4 + 3 + 4 + 4 + 6)
        return Int(bytes.readInteger(endianness: .little, as: UInt32.self) ?? 0)
    }

    @Test func `what is not granted by name is denied`() async throws {
        try await with { function, _ in
            #expect(try await function.call("/other-store").header("x-status") == "-3")
            let nobody = try await function.call("/invoke-nobody")
            #expect(nobody.header("x-status") == "-3")
            #expect(nobody.text == "the app nobody is not granted to the function")
            // Granted with all others, but it does not exist.
            #expect(try await function.call("/publish-nowhere").header("x-status") == "-1")
            #expect(try await function.call("/bad-list", "xyz").header("x-status") == "-2")
        }
    }

    @Test func `it publishes, calls others, uses bindings and reads secrets`() async throws {
        try await with { function, _ in
            #expect(try await function.call("/publish", "news").header("x-status") == "0")
            let answer = try await function.call("/invoke", "ping")
            #expect(answer.header("x-code") == "202")
            #expect(answer.text == "PUT /there?a=1 guest")
            #expect(answer.header("x-status") == "\(answer.text.utf8.count)")
            #expect(try await function.call("/binding").header("x-status") == "2")
            let secret = try await function.call("/secret")
            #expect(secret.text.contains("let-me-in"))
        }
    }

    @Test func `clock, randomness, environment and log`() async throws {
        try await with { function, world in
            let system = try await function.call("/system")
            #expect(system.text == "green")
            // Not granted, so it is as if it were not there.
            #expect(system.header("x-status") == "-1")
            let time = try #require(system.header("x-time").flatMap(Int64.init))
            #expect(abs(world.runtime.host.clock.now().seconds - time / 1_000_000_000) < 60)
            _ = try await function.call("/log", "all\u{1b}[31m is well")
            #expect(world.lines.count("warning: all") == 1)
        }
    }

    @Test func `responses that are none are refused`() async throws {
        try await with { function, _ in
            #expect(try await function.call("/bad-status").status == 200)
            #expect(try await function.call("/bad-header").status == 200)
            let failed = try await function.failure("/status")
            #expect(failed.code == .failed && failed.message.contains("17"))
        }
    }

    @Test func `imports that were not granted refuse the module by name`() async throws {
        let world = try await EngineWorld()
        let module = try await CGuests.exercise.value
        let refusals: [(String, (inout FunctionRevision) -> Void)] = [
            ("mecha.state_get, which needs the grant `state`", { $0.grants.state = [] }),
            ("mecha.publish, which needs the grant `pubsub`", { $0.grants.pubsub = [] }),
            ("mecha.invoke, which needs the grant `invoke`", { $0.grants.invoke = [] }),
            ("mecha.binding, which needs the grant `bindings`", { $0.grants.bindings = [] }),
            ("mecha.secret_get, which needs the grant `secrets`", { $0.grants.secrets = [] }),
            (", which needs the grant `clock`", { $0.grants.clock = false }),
            ("mecha.random, which needs the grant `random`", { $0.grants.random = false }),
        ]
        for (text, change) in refusals {
            do {
                _ = try await world.load(module, change: change)
                Issue.record("it was loaded without: \(text)")
            } catch let error as FunctionError {
                #expect(error.code == .missingImport)
                #expect(error.message.contains(text), "\(error.message)")
            }
        }
        await world.close()
    }

    @Test func `what runs it is told by its exports`() async throws {
        let world = try await EngineWorld()
        #expect(try await world.loader.detect(CGuests.exercise.value) == .mecha)
        for bytes in [[], Array("hello".utf8), [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]] {
            #expect(throws: FunctionError.self) { try world.loader.detect(bytes) }
        }
        var cut = try await CGuests.exercise.value
        cut.removeLast(cut.count / 2)
        // Exports come early, so this half may still tell; loading it may not.
        await #expect(throws: FunctionError.self) { try await world.load(cut) }
        await world.close()
    }
}
