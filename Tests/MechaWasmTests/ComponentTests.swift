import MechaTestKit
import NIOCore
import Synchronization
import Testing

@testable import MechaWasm

/// Components and the host: values, resources, waiting, limits, and what a hostile one may try.
@Suite(.timeLimit(.minutes(1))) struct ComponentTests {
    private static let engine: Result<WasmEngine, WasmError> = {
        var options = WasmEngineOptions()
        options.maximumInstances = 16
        options.runsComponents = true
        options.stackBytes = 256 << 10
        return Result { () throws(WasmError) in try WasmEngine(options) }
    }()

    private static let kind = ComponentResourceKind(rawValue: 7)

    private final class Thing: ComponentResource {
        let number: UInt32
        let drops: Drops

        init(_ number: UInt32, _ drops: Drops) {
            self.number = number
            self.drops = drops
        }

        func dropped() { drops.numbers.withLock { $0.append(number) } }
    }

    private final class Drops: Sendable {
        let numbers = Mutex<[UInt32]>([])
    }

    /// A component whose core module has the text `body`, and functions of the interface `test:host/t`.
    private static func component(_ body: String) -> String {
        """
        (component
          (import "test:host/t@0.2.5" (instance $t
            (export "thing" (type $thing (sub resource)))
            (export "make" (func (param "number" u32) (result (own $thing))))
            (export "number" (func (param "one" (borrow $thing)) (result u32)))
            (export "sum" (func (param "one" (borrow $thing)) (param "two" (borrow $thing)) (result u32)))
            (export "all" (func (param "list" (list (borrow $thing))) (result u32)))
            (export "take" (func (param "one" (own $thing)) (result u32)))
            (export "later" (func (param "number" u32) (result u32)))
            (export "fail" (func))
            (export "bytes" (func (param "bytes" (list u8)) (result u32)))))
          (alias export $t "thing" (type $thing))
          (core module $memory (memory (export "memory") 2))
          (core instance $m (instantiate $memory))
          (alias core export $m "memory" (core memory $mem))
          (core func $make (canon lower (func $t "make")))
          (core func $number (canon lower (func $t "number")))
          (core func $sum (canon lower (func $t "sum")))
          (core func $all (canon lower (func $t "all") (memory $mem)))
          (core func $take (canon lower (func $t "take")))
          (core func $later (canon lower (func $t "later")))
          (core func $fail (canon lower (func $t "fail")))
          (core func $bytes (canon lower (func $t "bytes") (memory $mem)))
          (core func $drop (canon resource.drop $thing))
          (core module $code
            (import "h" "memory" (memory 1))
            (import "h" "make" (func $make (param i32) (result i32)))
            (import "h" "number" (func $number (param i32) (result i32)))
            (import "h" "sum" (func $sum (param i32 i32) (result i32)))
            (import "h" "all" (func $all (param i32 i32) (result i32)))
            (import "h" "take" (func $take (param i32) (result i32)))
            (import "h" "later" (func $later (param i32) (result i32)))
            (import "h" "fail" (func $fail))
            (import "h" "bytes" (func $bytes (param i32 i32) (result i32)))
            (import "h" "drop" (func $drop (param i32)))
            (func $recurse (param i32) (result i32) (i32.add (i32.const 1) (call $recurse (local.get 0))))
            (func (export "run") (result i32) (local $a i32) (local $b i32) \(body)))
          (core instance $i (instantiate $code (with "h" (instance
            (export "memory" (memory $mem)) (export "make" (func $make)) (export "number" (func $number)) (export "sum" (func $sum))
            (export "all" (func $all)) (export "take" (func $take)) (export "later" (func $later)) (export "fail" (func $fail))
            (export "bytes" (func $bytes)) (export "drop" (func $drop))))))
          (func $run (result u32) (canon lift (core func $i "run")))
          (instance (export "test:guest/run@1.0.0") (export "run" (func $run))))
        """
    }

    private struct Refused: Error, CustomStringConvertible { let description = "the host refuses" }

    private static func interfaces(_ drops: Drops) -> [String: ComponentInterface] {
        let functions: [String: ComponentFunction] = [
            "make": .immediate { call in
                let thing = Thing(UInt32(try call[0].number), drops)
                return .resource(try call.instance.keep(thing, as: kind))
            },
            "number": .immediate { call in .u32(try call.object(0, as: Thing.self).number) },
            "sum": .immediate { call in .u32(try call.object(0, as: Thing.self).number + call.object(1, as: Thing.self).number) },
            "all": .suspending { call in
                let numbers = try call[0].list.map { try call.instance.object(try $0.handle, as: Thing.self).number }
                return .later {
                    await Task.yield()
                    return { _ in .u32(numbers.reduce(0, +)) }
                }
            },
            "take": .immediate { call in .u32(try call.object(0, as: Thing.self).number) },
            "later": .suspending { call in
                let number = UInt32(try call[0].number)
                return .later {
                    await Task.yield()
                    return { _ in .u32(number + 1) }
                }
            },
            "fail": .immediate { _ in throw Refused() },
            "bytes": .immediate { call in .u32(UInt32(try call[0].bytes.readableBytes)) },
        ]
        return ["test:host/t": ComponentInterface(functions: functions, resources: ["thing": kind])]
    }

    private func run(
        _ body: String, budget: WasmBudget = WasmBudget(), check: (ComponentInstance, Drops) -> Void = { _, _ in }
    ) async throws -> UInt32 {
        let drops = Drops()
        let engine = try Self.engine.get()
        let component = try engine.compile(component: try WasmEngine.binary(text: Self.component(body)))
        let template = try ComponentTemplate(component, interfaces: Self.interfaces(drops))
        let instance = try ComponentInstance(template, limits: .init(memoryBytes: 16 << 20))
        instance.budget = budget
        try await instance.instantiate()
        let function = try #require(instance.function("run", of: "test:guest/run"))
        let result = try await instance.call(function, [], hasResult: true)
        check(instance, drops)
        guard case .u32(let number)? = result else { throw Missing() }
        return number
    }

    @Test func `resources are lent, given away and dropped`() async throws {
        let lent = try await run("(local.set $a (call $make (i32.const 5))) (call $number (local.get $a))") { instance, drops in
            #expect(instance.resourceCount == 1 && drops.numbers.withLock { $0 }.isEmpty)
        }
        #expect(lent == 5)
        let two = try await run("(call $sum (call $make (i32.const 5)) (call $make (i32.const 6)))")
        #expect(two == 11)
        let many = try await run(
            """
            (i32.store (i32.const 0) (call $make (i32.const 1))) (i32.store (i32.const 4) (call $make (i32.const 2)))
            (i32.store (i32.const 8) (call $make (i32.const 3))) (call $all (i32.const 0) (i32.const 3))
            """)
        #expect(many == 6)
        let given = try await run("(call $take (call $make (i32.const 9)))") { instance, drops in
            #expect(instance.resourceCount == 0 && drops.numbers.withLock { $0 }.isEmpty)
        }
        #expect(given == 9)
        _ = try await run("(call $drop (call $make (i32.const 4))) (i32.const 0)") { instance, drops in
            #expect(instance.resourceCount == 0 && drops.numbers.withLock { $0 } == [4])
        }
    }

    @Test func `a host function may wait`() async throws {
        #expect(try await run("(call $later (call $later (i32.const 40)))") == 42)
    }

    @Test func `resources have a limit, and those that are not there a trap`() async throws {
        let forever = "(loop $l (drop (call $make (i32.const 1))) (br $l)) (i32.const 0)"
        let limit = try await error { try await run(forever) }
        #expect(limit.code == .trapped && "\(limit)".contains("10000 resources"))
        for body in [
            "(call $number (i32.const 77))", "(call $drop (i32.const -1)) (i32.const 0)", "(call $take (i32.const 0))",
            "(local.set $a (call $make (i32.const 1))) (drop (call $take (local.get $a))) (call $number (local.get $a))",
        ] {
            #expect(try await error { try await run(body) }.code == .trapped, "\(body)")
        }
    }

    @Test func `pointers and lengths that are none end the call`() async throws {
        for (pointer, length) in [(0, -1), (-1, 1), (131_072, 1), (131_000, 1_000), (0, 0x7fff_ffff), (-16, 32)] {
            let trap = try await error { try await run("(call $bytes (i32.const \(pointer)) (i32.const \(length)))") }
            #expect(trap.code == .trapped)
            #expect(try await error { try await run("(call $all (i32.const \(pointer)) (i32.const \(length)))") }.code == .trapped)
        }
        #expect(try await run("(call $bytes (i32.const 0) (i32.const 131072))") == 131_072)
    }

    @Test func `limits and traps, with the names of functions`() async throws {
        let trap = try await error { try await run("unreachable") }
        #expect(trap.code == .trapped && trap.message.contains("unreachable") && !trap.stack.isEmpty)
        let deep = try await error { try await run("(call $recurse (i32.const 0))") }
        #expect(deep.code == .stackOverflow && deep.stack.first == "recurse" && deep.stack.count <= 33)
        let spin = try await error {
            try await run("(loop $l (br $l)) (i32.const 0)", budget: WasmBudget(cpuNanosecondsAtMost: 20_000_000))
        }
        #expect(spin.code == .outOfProcessorTime)
        let late = try await error {
            try await run("(loop $l (br $l)) (i32.const 0)", budget: WasmBudget(deadline: .now() + .milliseconds(20)))
        }
        #expect(late.code == .deadline)
        let failure = try await error { try await run("(call $fail) (i32.const 0)") }
        #expect(failure.cause is Refused && failure.message.contains("the host refuses"))
    }

    @Test func `imports that are not there are named`() throws {
        let engine = try Self.engine.get()
        let bytes = try WasmEngine.binary(text: Self.component("(i32.const 0)"))
        let component = try engine.compile(component: bytes)
        #expect(component.imports.map(\.name) == ["test:host/t@0.2.5"])
        #expect(component.imports.first?.resources == ["thing"])
        #expect(component.export("test:guest/run")?.functions == ["run"])
        var interfaces = Self.interfaces(Drops())
        #expect(throws: Never.self) { try ComponentTemplate(component, interfaces: interfaces) }
        interfaces["test:host/t"]?.functions["sum"] = nil
        do {
            _ = try ComponentTemplate(component, interfaces: interfaces)
            Issue.record("a missing function is there")
        } catch {
            #expect(error.code == .missingImport && error.message.contains("test:host/t@0.2.5.sum"))
        }
        do {
            _ = try ComponentTemplate(component, interfaces: [:])
            Issue.record("a missing interface is there")
        } catch {
            #expect(error.code == .missingImport && error.message.contains("test:host/t@0.2.5"))
        }
        #expect(throws: WasmError.self) { try engine.compile(bytes) }
    }

    @Test func `what is no component, cut off or random is refused with words`() throws {
        let engine = try Self.engine.get()
        let whole = try WasmEngine.binary(text: Self.component("(i32.const 0)"))
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            var bytes = whole
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
            case 1:
                for _ in 0..<Int.random(in: 1...6, using: &generator) {
                    bytes[Int.random(in: 8..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
                }
            default: bytes = Array(whole[..<8]) + (0..<200).map { _ in UInt8.random(in: 0...255, using: &generator) }
            }
            do {
                _ = try ComponentTemplate(try engine.compile(component: bytes), interfaces: Self.interfaces(Drops()))
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
    }

    @Test func `fuel is the same for the same work, and ends what uses more`() async throws {
        var options = WasmEngineOptions()
        options.maximumInstances = 4
        options.metersFuel = true
        let engine = try WasmEngine(options)
        let text = """
            (module (func (export "count") (param i32) (result i32) (local i32)
              (loop $l (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if $l (i32.lt_u (local.get 1) (local.get 0))))
              (local.get 1)))
            """
        var spent: [UInt64] = []
        for times in [1_000, 1_000, 2_000] as [Int32] {
            let guest = try await Guest(text, engine: engine)
            #expect(try await guest.call("count", times) == times)
            spent.append(guest.instance.budget.fuel)
        }
        #expect(spent[0] == spent[1] && spent[0] > 1_000)
        #expect(spent[2] > spent[0] + 4_000 && spent[2] < spent[0] * 2 + 100)
        let guest = try await Guest(text, engine: engine)
        let over = try await error { try await guest.call("count", 1_000_000, budget: WasmBudget(fuelAtMost: 5_000)) }
        #expect(over.code == .outOfFuel)
        #expect(guest.instance.budget.fuel == 5_000)
    }
}
