import MechaTestKit
import MechaWasm
import NIOCore
import Testing

@testable import MechaFunctions

/// Every function of the host, called with what no honest guest would pass; and modules that are damaged.
@Suite(.timeLimit(.minutes(3))) struct HostileGuestTests {
    private static let numbers: [Int64] = [0, 1, -1, 8, 65_535, 65_536, 0x7fff_ffff, -0x8000_0000, -8, 1_000_000]

    /// A module that calls one function of the host with each of ``numbers`` in turn: all arguments alike, and each
    /// alone among zeros. Which comes with the request.
    private static func module(_ function: WasmHostFunction) -> String {
        let types = function.signature.parameters.map(\.description).joined(separator: " ")
        let result = function.signature.results.first.map { "(result \($0))" } ?? ""
        let count = function.signature.parameters.count
        var calls: [String] = []
        for number in numbers {
            for alone in -1..<count {
                let arguments = function.signature.parameters.enumerated().map { index, type in
                    "(\(type).const \(alone < 0 || alone == index ? number : 0))"
                }
                calls.append("(call $f \(arguments.joined(separator: " ")))\(result.isEmpty ? "" : " drop")")
            }
        }
        let cases = calls.enumerated().map { "(if (i32.eq (local.get 0) (i32.const \($0.offset))) (then \($0.element)))" }
        return """
            (module
              (import "\(function.module)" "\(function.name)" (func $f (param \(types)) \(result)))
              \(function.name == "request_read" ? "" : #"(import "mecha" "request_read" (func $r (param i32 i32 i32 i32) (result i32)))"#)
              (memory (export "memory") 1)
              (func (export "handle") (result i32) (local i32)
                (drop (call \(function.name == "request_read" ? "$f" : "$r") (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4)))
                (local.set 0 (i32.load (i32.const 0)))
                \(cases.joined(separator: "\n"))
                (i32.const 0)))
            """
    }

    @Test(arguments: (MechaInterface.functions + WASIPreview1.functions).map { "\($0.module).\($0.name)" })
    func `no arguments of a call harm the host`(name: String) async throws {
        let function = try #require((MechaInterface.functions + WASIPreview1.functions).first { "\($0.module).\($0.name)" == name })
        // A sleep of that many milliseconds is what was asked for.
        if name == "mecha.sleep" { return }
        let world = try await EngineWorld()
        let loaded = try await world.load(try Text.module(Self.module(function))) {
            $0.grants.stdout = true
            $0.grants.arguments = ["one"]
            $0.grants.configuration = ["*"]
            $0.grants.locks = ["*"]
            $0.grants.folders = ["/data": .init(path: world.folder.path, isWritable: false)]
            $0.limits.wallMilliseconds = 300
        }
        let count = Self.numbers.count * (function.signature.parameters.count + 1)
        for which in 0..<count {
            var body = ByteBuffer()
            body.writeInteger(UInt32(which), endianness: .little)
            do {
                #expect(try await loaded.call("/", body).status == 200)
            } catch let error as FunctionError {
                #expect([.trapped, .failed, .timedOut, .responseTooLarge].contains(error.code), "\(error)")
            }
        }
        #expect(loaded.instances == 0)
        await loaded.close()
        await world.close()
    }

    @Test func `damaged modules are refused, or run within their limits`() async throws {
        let world = try await EngineWorld()
        let whole = try await CGuests.exercise.value
        var generator = SeededGenerator(seed: 42)
        var (refused, ran) = (0, 0)
        for _ in 0..<150 {
            var bytes = whole
            if Bool.random(using: &generator) {
                bytes.removeLast(Int.random(in: 1..<bytes.count - 8, using: &generator))
            } else {
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    bytes[Int.random(in: 8..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
                }
            }
            do {
                let function = try await world.load(bytes) {
                    $0.limits.cpuMilliseconds = 20
                    $0.limits.wallMilliseconds = 200
                    $0.limits.memoryBytes = 8 << 20
                }
                ran += 1
                for path in ["/echo", "/state", "/trap", "/deep"] { _ = try? await function.call(path, "some text") }
                await function.close()
                #expect(function.instances == 0)
            } catch let error as FunctionError {
                refused += 1
                #expect(!error.message.isEmpty)
            }
        }
        #expect(refused > 50 && ran > 5)
        let sound = try await world.load(whole)
        #expect(try await sound.call("/echo", "well").text == "well")
        await sound.close()
        await world.close()
    }

    @Test func `one of a thousand functions misbehaves and the others answer`() async throws {
        let world = try await EngineWorld()
        let module = try await CGuests.exercise.value
        var others: [any LoadedFunction] = []
        for number in 1..<1_000 {
            others.append(
                try await world.load(module) {
                    $0.number = number
                    // A limit that differs makes the function differ.
                    $0.limits.requestBytes = 1_000 + number
                })
        }
        let bad = try await world.load(module) {
            $0.limits.cpuMilliseconds = 500
            $0.limits.memoryBytes = 8 << 20
            $0.limits.concurrency = 8
        }
        let neighbours = others
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (path, code) in [
                ("/spin", FunctionError.Code.timedOut), ("/bomb", .outOfMemory), ("/trap", .trapped), ("/deep", .trapped),
                ("/large", .responseTooLarge),
            ] {
                group.addTask {
                    for _ in 0..<5 {
                        let failure = try await bad.failure(path)
                        #expect(failure.code == code, "\(path)")
                    }
                }
            }
            group.addTask {
                for (number, function) in neighbours.enumerated() {
                    let answer = try await function.call("/echo", "function \(number)")
                    #expect(answer.text == "function \(number)")
                }
            }
            try await group.waitForAll()
        }
        #expect(bad.usage.failures == 25 && bad.instances == 0)
        #expect(others.allSatisfy { $0.usage.calls == 1 && $0.usage.failures == 0 && $0.instances == 0 })
        for function in others + [bad] { await function.close() }
        await world.close()
    }

    @Test func `fuel ends a call, is counted alike, and is part of what was used`() async throws {
        let world = try await EngineWorld()
        let function = try await world.load(try await CGuests.exercise.value) { $0.limits.fuel = 200_000 }
        var totals: [UInt64] = [0]
        for _ in 0..<3 {
            #expect(try await function.call("/echo", "well").text == "well")
            totals.append(function.usage.fuel)
        }
        #expect(totals[1] > 50 && totals[2] == totals[1] * 2 && totals[3] == totals[1] * 3)
        let error = try await function.failure("/spin")
        #expect(error.code == .timedOut && error.message.contains("200000 of fuel") && error.stack.contains("handle"))
        #expect(function.usage.fuel == totals[3] + 200_000)
        let unmetered = try await world.load(try await CGuests.exercise.value)
        _ = try await unmetered.call("/echo", "well")
        #expect(unmetered.usage.fuel == 0)
        let exact = try await world.load(try await CGuests.exercise.value) { $0.limits.isMeteredExactly = true }
        _ = try await exact.call("/echo", "well")
        #expect(exact.usage.fuel == totals[1])
        for each in [function, unmetered, exact] { await each.close() }
        await world.close()
    }
}
