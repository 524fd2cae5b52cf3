import MechaFunctions
import MechaWasm
import Testing

enum Text {
    static func module(_ text: String) throws -> [UInt8] { try WasmEngine.binary(text: text) }
}

/// When instances come and go, and what runs once.
@Suite(.timeLimit(.minutes(2))) struct LifeTests {
    @Test func `start and destroy run once for each load`() async throws {
        let world = try await EngineWorld()
        let function = try await world.load(try await CGuests.exercise.value)
        for _ in 0..<5 { _ = try await function.call("/echo") }
        #expect(world.lines.count("exercise starts") == 1)
        #expect(world.lines.count("destroyed") == 0)
        await function.close()
        #expect(world.lines.count("exercise is destroyed") == 1)
        do {
            _ = try await function.call("/echo")
            Issue.record("a closed function answers")
        } catch let error as FunctionError {
            #expect(error.code == .closed)
        }
        await world.close()
    }

    @Test func `a start that says no keeps the module out`() async throws {
        let world = try await EngineWorld()
        await #expect(throws: FunctionError.self) {
            try await world.load(try await CGuests.exercise.value) { $0.configuration = "fail" }
        }
        await world.close()
    }

    @Test func `instances are new for each request, or used again up to a number`() async throws {
        let world = try await EngineWorld()
        let fresh = try await world.load(try await CGuests.exercise.value)
        for _ in 0..<3 { #expect(try await fresh.call("/served").header("x-status") == "1") }
        #expect(fresh.instances == 0)
        let reused = try await world.load(try await CGuests.exercise.value) {
            $0.scaling.isolation = .reused
            $0.scaling.maximumRequests = 3
        }
        var served: [String?] = []
        for _ in 0..<7 { served.append(try await reused.call("/served").header("x-status")) }
        #expect(served == ["1", "2", "3", "1", "2", "3", "1"])
        #expect(reused.instances == 1)
        // A trap ends the instance, not the function.
        #expect(try await reused.failure("/trap").code == .trapped)
        #expect(try await reused.call("/served").header("x-status") == "1")
        await fresh.close()
        await reused.close()
        #expect(reused.instances == 0)
        await world.close()
    }

    @Test func `instances stand ready, and surplus ones go when nothing comes`() async throws {
        let world = try await EngineWorld()
        let function = try await world.load(try await CGuests.exercise.value) {
            $0.scaling.isolation = .reused
            $0.scaling.minimumInstances = 2
            $0.scaling.idleMilliseconds = 20
        }
        #expect(function.instances == 2)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<6 { group.addTask { _ = try? await function.call("/nap") } }
        }
        while function.instances > 2 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(function.instances == 2)
        await function.close()
        await world.close()
    }

    @Test func `functions share what instances the process has`() async throws {
        let world = try await EngineWorld(maximumInstances: 3)
        var functions: [any LoadedFunction] = []
        for _ in 0..<5 {
            functions.append(try await world.load(try await CGuests.exercise.value) { $0.scaling.isolation = .reused })
        }
        for round in 0..<3 {
            for function in functions { #expect(try await function.call("/echo", "\(round)").text == "\(round)") }
        }
        #expect(functions.reduce(0) { $0 + $1.instances } <= 3)
        // More at once than there are instances: all are served, one after the other.
        let answers = await withTaskGroup(of: Bool.self, returning: Int.self) { group in
            for function in functions {
                for _ in 0..<4 { group.addTask { (try? await function.call("/nap").status) == 200 } }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(answers == 20)
        for function in functions { await function.close() }
        await world.close()
    }

    @Test func `usage adds up`() async throws {
        let world = try await EngineWorld()
        let function = try await world.load(try await CGuests.exercise.value)
        for _ in 0..<4 { _ = try await function.call("/echo", "12345") }
        let usage = function.usage
        #expect(usage.calls == 4 && usage.failures == 0 && usage.requestBytes == 20 && usage.responseBytes == 20)
        #expect(usage.cpuNanoseconds > 0 && usage.peakMemoryBytes >= 1 << 16)
        await function.close()
        await world.close()
    }
}
