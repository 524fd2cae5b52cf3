// The limits come first, then what happens under them.
// swift-format-ignore-file: OnlyOneTrailingClosureArgument

import MechaFunctions
import NIOCore
import Testing

/// What functions cannot do: every limit, and every wrong pointer.
@Suite(.timeLimit(.minutes(2))) struct LimitTests {
    private func with(
        _ change: (inout FunctionRevision) -> Void = { _ in }, _ body: (any LoadedFunction, EngineWorld) async throws -> Void
    ) async throws {
        let world = try await EngineWorld()
        let function = try await world.load(try await CGuests.exercise.value, change: change)
        try await body(function, world)
        // It answers as before, and nothing of what broke is left.
        #expect(try await function.call("/echo", "well").text == "well")
        await function.close()
        #expect(function.instances == 0)
        await world.close()
    }

    @Test func `processor time`() async throws {
        try await with({ $0.limits.cpuMilliseconds = 20 }) { function, world in
            let error = try await function.failure("/spin")
            #expect(error.code == .timedOut)
            #expect(error.stack.contains("handle"))
            #expect(function.usage.failures == 1)
            #expect(function.usage.cpuNanoseconds >= 20_000_000)
            #expect(world.lines.count("error: handle failed: the function used more than its 20 ms of processor time in handle") == 1)
        }
    }

    @Test func `time of a call, its own and its caller's`() async throws {
        try await with({ $0.limits.wallMilliseconds = 30 }) { function, _ in
            let error = try await function.failure("/sleep")
            #expect(error.code == .timedOut)
        }
        try await with { function, _ in
            let error = try await function.failure("/sleep", deadline: .now() + .milliseconds(20))
            #expect(error.code == .timedOut)
            #expect(try await function.failure("/spin", deadline: .now() + .milliseconds(20)).code == .timedOut)
        }
    }

    @Test func `memory`() async throws {
        try await with({ $0.limits.memoryBytes = 8 << 20 }) { function, _ in
            let error = try await function.failure("/bomb")
            #expect(error.code == .outOfMemory)
            #expect(function.usage.peakMemoryBytes == 7 << 20 || function.usage.peakMemoryBytes <= 8 << 20)
        }
        let world = try await EngineWorld()
        do {
            _ = try await world.load(try await CGuests.exercise.value) { $0.limits.memoryBytes = 1 << 16 }
            Issue.record("a module that does not fit was loaded")
        } catch let error as FunctionError {
            #expect(error.code == .outOfMemory)
        }
        await world.close()
    }

    @Test func `stack, traps and statuses`() async throws {
        try await with { function, _ in
            let deep = try await function.failure("/deep")
            #expect(deep.code == .trapped && deep.stack.first == "deep" && deep.stack.count <= 33)
            let trap = try await function.failure("/trap")
            #expect(trap.code == .trapped && trap.stack == ["handle"] && trap.message.contains("unreachable"))
        }
    }

    @Test func `bytes of requests, responses and logs`() async throws {
        try await with({
            $0.limits.requestBytes = 100
            $0.limits.responseBytes = 1 << 20
            $0.limits.logBytes = 200
        }) { function, world in
            #expect(try await function.failure("/echo", ByteBuffer(repeating: 65, count: 101)).code == .requestTooLarge)
            #expect(try await function.call("/echo", ByteBuffer(repeating: 65, count: 100)).body.readableBytes == 100)
            #expect(try await function.failure("/large").code == .responseTooLarge)
            _ = try await function.call("/log-much")
            #expect(world.lines.count("a line of thirty") == 6)
            #expect(world.lines.count("the rest is dropped") == 1)
        }
    }

    @Test func `calls of the host`() async throws {
        try await with({ $0.limits.outboundCalls = 99 }) { function, _ in
            let error = try await function.failure("/many")
            #expect(error.code == .failed && error.message.contains("99"))
        }
        try await with({ $0.limits.outboundCalls = 100 }) { function, _ in
            let response = try await function.call("/many")
            #expect(response.status == 200)
        }
    }

    @Test func `calls at once, and those that wait`() async throws {
        try await with({
            $0.limits.concurrency = 2
            $0.limits.queue = 3
        }) { function, _ in
            let outcomes = await withTaskGroup(of: FunctionError.Code?.self, returning: [FunctionError.Code?].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        do {
                            _ = try await function.call("/nap")
                            return nil
                        } catch {
                            return (error as? FunctionError)?.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == nil } == 5)
            #expect(outcomes.count { $0 == .busy } == 3)
        }
    }

    @Test func `wrong pointers and lengths, in each host function`() async throws {
        try await with { function, _ in
            let size: UInt32 = 64 << 20
            for which in UInt32(0)...27 {
                for (pointer, length): (UInt32, UInt32) in [
                    (size, 1), (.max, 1), (0, .max), (16, .max - 8), (0x7fff_ffff, 0x7fff_ffff), (0x8000_0000, 0x8000_0000),
                ] {
                    var body = ByteBuffer()
                    for word in [which, pointer, length] { body.writeInteger(word, endianness: .little) }
                    let error = try await function.failure("/pointer", body)
                    #expect(error.code == .trapped, "host function \(which)")
                    #expect(error.message.contains("outside of the guest's memory"), "host function \(which): \(error.message)")
                }
            }
        }
    }

    @Test func `a start that never returns, traps or fails refuses the module`() async throws {
        let world = try await EngineWorld()
        func refusal(_ text: String) async throws -> FunctionError {
            do {
                _ = try await world.load(try Text.module(text)) { $0.limits.cpuMilliseconds = 10 }
            } catch let error as FunctionError {
                return error
            }
            throw NoFailure()
        }
        let rest = #"(memory (export "memory") 1) (func (export "handle") (result i32) (i32.const 0))"#
        #expect(try await refusal(#"(module \#(rest) (func (export "start") (loop $l (br $l))))"#).code == .timedOut)
        #expect(try await refusal(#"(module \#(rest) (func (export "start") unreachable))"#).code == .trapped)
        #expect(try await refusal(#"(module \#(rest) (func $s (loop $l (br $l))) (start $s))"#).code == .timedOut)
        #expect(try await refusal(#"(module \#(rest) (func (export "start") (result i32) (i32.const 5)))"#).code == .failed)
        #expect(try await refusal(#"(module \#(rest) (func (export "start") (param i32)))"#).code == .invalidModule)
        #expect(try await refusal(#"(module (memory (export "memory") 1))"#).message.contains("handle"))
        #expect(try await refusal(#"(module (func (export "handle") (result i32) (i32.const 0)))"#).message.contains("memory"))
        #expect(try await refusal(#"(module (import "env" "nothing" (func)) \#(rest))"#).message.contains("env.nothing"))
        await world.close()
    }

    @Test func `thousands of traps, with neighbours at work`() async throws {
        try await with { function, world in
            let neighbour = try await world.load(try await CGuests.exercise.value) { $0.scaling.isolation = .reused }
            for round in 0..<1_000 {
                #expect(try await function.failure("/trap").code == .trapped)
                if round % 50 == 0 { #expect(try await neighbour.call("/echo", "\(round)").text == "\(round)") }
            }
            #expect(function.instances == 0)
            #expect(function.usage.failures == 1_000)
            await neighbour.close()
        }
    }
}
