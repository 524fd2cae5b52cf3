import MechaWasm
import NIOCore
import Synchronization
import Testing

@Suite struct WasmCallTests {
    @Test(arguments: WasmEngineOptions.Compiler.allCases)
    func `each compiler runs the same module`(compiler: WasmEngineOptions.Compiler) async throws {
        let guest = try await Guest(
            """
            (module (memory (export "memory") 1)
              (func $fib (export "fib") (param i32) (result i32)
                (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                  (then (local.get 0))
                  (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                                 (call $fib (i32.sub (local.get 0) (i32.const 2))))))))
            """, compiler: compiler)
        #expect(try await guest.call("fib", 20) == 6765)
        #expect(guest.instance.memoryBytes == 65_536)
        #expect(guest.instance.budget.cpuNanoseconds > 0)
    }

    @Test func `host functions get arguments and memory, and answer at once or later`() async throws {
        let log = Mutex<[String]>([])
        let functions = [
            WasmHostFunction("host", "log", [.i32, .i32], []) { call in
                let text = try call.instance.string(at: call[0], count: call[1])
                log.withLock { $0.append(text) }
                return 0
            },
            WasmHostFunction("host", "wide", [.i64], [.i64]) { call in call.int64(0) + 1 },
            WasmHostFunction(suspending: "host", "slow", [.i32]) { call in
                let argument = call.int32(0)
                return .later {
                    await Task.yield()
                    return { instance in
                        try instance.store(UInt32(99), at: 128)
                        return argument * 2
                    }
                }
            },
            WasmHostFunction(suspending: "host", "fast", [.i32]) { call in .now(call.int32(0) + 1) },
        ]
        let guest = try await Guest(
            """
            (module
              (import "host" "log" (func $log (param i32 i32)))
              (import "host" "wide" (func $wide (param i64) (result i64)))
              (import "host" "slow" (func $slow (param i32) (result i32)))
              (import "host" "fast" (func $fast (param i32) (result i32)))
              (memory (export "memory") 1) (data (i32.const 8) "hello")
              (func (export "run") (param i32) (result i32)
                (call $log (i32.const 8) (i32.const 5))
                (drop (call $wide (i64.const 4294967296)))
                (i32.add (call $slow (call $fast (local.get 0))) (i32.load (i32.const 128)))))
            """, functions: functions)
        #expect(try await guest.call("run", 20) == 42 + 99)
        #expect(try await guest.call("run", 1) == 4 + 99)
        #expect(log.withLock { $0 } == ["hello", "hello"])
    }

    @Test func `a host function calls the guest back`() async throws {
        let functions = [
            WasmHostFunction("host", "ask", [.i32], [.i32]) { call in
                guard let double = call.instance.function("double") else { throw Missing() }
                return Int64(try call.instance.callNested(double, call[0]))
            }
        ]
        let guest = try await Guest(
            """
            (module (import "host" "ask" (func $ask (param i32) (result i32)))
            (memory (export "memory") 1)
              (func (export "double") (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then unreachable))
                (if (i32.eq (local.get 0) (i32.const 7)) (then (loop $l (br $l))))
                (i32.mul (local.get 0) (i32.const 2)))
              (func (export "run") (param i32) (result i32) (call $ask (local.get 0))))
            """, functions: functions)
        #expect(try await guest.call("run", 21) == 42)
        let endless = try await error { try await guest.call("run", 7, budget: .init(cpuNanosecondsAtMost: 20_000_000)) }
        #expect(endless.code == .outOfProcessorTime)
        #expect(!guest.instance.isUsable)
    }

    @Test(arguments: [
        ("unreachable", "unreachable code was reached", WasmError.Code.trapped),
        ("(drop (i32.load (i32.const 0x7fffffff)))", "a memory access is out of bounds", .trapped),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "an integer is divided by zero", .trapped),
        ("(call $deep)", "the call stack is used up", .stackOverflow),
    ])
    func `a trap says what and where`(body: String, message: String, code: WasmError.Code) async throws {
        let guest = try await Guest(
            """
            (module (memory (export "memory") 1)
              (func $deep (call $deep))
              (func $inner \(body))
              (func $outer (export "run") (result i32) (call $inner) (i32.const 1)))
            """)
        let trap = try await error { try await guest.call("run") }
        #expect(trap.code == code)
        #expect(trap.message == message)
        #expect(code == .stackOverflow ? trap.stack.first == "deep" : trap.stack == ["inner", "outer"])
        #expect(trap.stack.count <= 33)
        #expect(!guest.instance.isUsable)
    }

    @Test(arguments: WasmEngineOptions.Compiler.allCases)
    func `an endless loop ends when its processor time is used up`(compiler: WasmEngineOptions.Compiler) async throws {
        let guest = try await Guest(
            #"(module (memory (export "memory") 1) (func $spin (export "run") (result i32) (loop $l (br $l)) (i32.const 1)))"#,
            compiler: compiler)
        let stopped = try await error { try await guest.call("run", budget: .init(cpuNanosecondsAtMost: 10_000_000)) }
        #expect(stopped.code == .outOfProcessorTime)
        #expect(stopped.stack == ["spin"])
        #expect(guest.instance.budget.cpuNanoseconds >= 10_000_000)
    }

    @Test func `an endless loop and an endless wait end at the deadline`() async throws {
        let functions = [
            WasmHostFunction(suspending: "host", "wait", []) { _ in
                .later {
                    try? await Task.sleep(for: .seconds(600))
                    return { _ in 0 }
                }
            }
        ]
        let text = """
            (module (import "host" "wait" (func $wait (result i32)))
            (memory (export "memory") 1)
              (func (export "wait") (result i32) (call $wait))
              (func (export "spin") (result i32) (loop $l (br $l)) (i32.const 1)))
            """
        for name: StaticString in ["wait", "spin"] {
            let guest = try await Guest(text, functions: functions)
            let late = try await error { try await guest.call(name, budget: .init(deadline: .now() + .milliseconds(20))) }
            #expect(late.code == .deadline)
            #expect(!guest.instance.isUsable)
        }
    }

    @Test func `a guest that runs does not keep others from the thread`() async throws {
        let group = MultiThreadedLoop()
        defer { group.stop() }
        try await group.run {
            let ticks = Mutex(0)
            let guest = try await Guest(
                #"(module (memory (export "memory") 1) (func (export "run") (result i32) (loop $l (br $l)) (i32.const 1)))"#)
            let neighbour = Task.immediate(executorPreference: group.context.executor) {
                while !Task.isCancelled {
                    ticks.withLock { $0 += 1 }
                    await Task.yield()
                }
            }
            let before = ticks.withLock { $0 }
            _ = try await error { try await guest.call("run", budget: .init(cpuNanosecondsAtMost: 30_000_000)) }
            #expect(ticks.withLock { $0 } > before)
            neighbour.cancel()
        }
    }

    @Test func `memory grows to its limit and no further`() async throws {
        let guest = try await Guest(
            """
            (module (memory (export "memory") 1)
              (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
            """, memoryBytes: 4 << 16)
        #expect(try await guest.call("grow", 3) == 1)
        #expect(try await guest.call("grow", 1) == -1)
        #expect(guest.instance.memoryBytes == 4 << 16)
        let tooLarge = try await error { try await Guest(#"(module (memory (export "memory") 5))"#, memoryBytes: 4 << 16) }
        #expect(tooLarge.code == .outOfMemory)
    }

    @Test func `pointers outside of the memory end the call`() async throws {
        let functions = [
            WasmHostFunction("host", "read", [.i32, .i32]) { call in
                Int64(try call.instance.bytes(at: call[0], count: call[1]).count)
            },
            WasmHostFunction(suspending: "host", "later", [.i32]) { call in
                let pointer = call[0]
                return .later {
                    { instance in
                        try instance.store(UInt64(1), at: pointer)
                        return 0
                    }
                }
            },
        ]
        let text = """
            (module
              (import "host" "read" (func $read (param i32 i32) (result i32)))
              (import "host" "later" (func $later (param i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "at") (param i32) (result i32) (call $read (local.get 0) (i32.const 8)))
              (func (export "long") (param i32) (result i32) (call $read (i32.const 8) (local.get 0)))
              (func (export "later") (param i32) (result i32) (call $later (local.get 0))))
            """
        for name: StaticString in ["at", "long", "later"] {
            for argument: Int32 in [65_529, 65_536, .max, .min, -1, -8] {
                let guest = try await Guest(text, functions: functions)
                let trap = try await error { try await guest.call(name, argument) }
                #expect(trap.code == .trapped)
                #expect(trap.cause is WasmMemoryError)
                #expect(!trap.stack.isEmpty)
            }
            let guest = try await Guest(text, functions: functions)
            #expect(try await guest.call(name, name.description == "long" ? 65_528 : 65_528) >= 0)
        }
    }

    @Test func `instances are counted and capped, and freed ones are used again`() async throws {
        var options = WasmEngineOptions()
        options.maximumInstances = 3
        let engine = try WasmEngine(options)
        let text = #"(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 1)))"#
        var guests: [Guest] = []
        for _ in 0..<3 { guests.append(try await Guest(text, engine: engine)) }
        #expect(engine.liveInstances == 3)
        let full = try await error { try await Guest(text, engine: engine) }
        #expect(full.code == .outOfInstances)
        guests.removeLast()
        for _ in 0..<100 { _ = try await Guest(text, engine: engine) }
        #expect(engine.liveInstances == 2)
    }

    @Test func `thousands of traps in a row leave nothing behind`() async throws {
        let engine = try Engines.engine(.optimizing)
        let module = try engine.compile(
            try WasmEngine.binary(text: #"(module (memory (export "memory") 1) (func $f (export "run") (result i32) unreachable))"#))
        let template = try WasmLinker(engine, functions: []).template(module)
        for _ in 0..<2_000 {
            let instance = try WasmInstance(template, limits: .init(memoryBytes: 1 << 20))
            try await instance.instantiate()
            let function = try #require(instance.function("run"))
            let trap = try await error { try await instance.call(function, hasResult: true) }
            #expect(trap.stack == ["f"])
        }
    }

    @Test func `one instance's memory is clean when another had its slot`() async throws {
        let text = """
            (module (memory (export "memory") 2) (data (i32.const 4) "\\07")
              (func (export "run") (result i32) (local i32)
                (local.set 0 (i32.add (i32.load (i32.const 70000)) (i32.load8_u (i32.const 4))))
                (i32.store (i32.const 70000) (i32.const 1)) (i32.store8 (i32.const 4) (i32.const 9)) (local.get 0)))
            """
        for _ in 0..<50 { #expect(try await Guest(text).call("run") == 7) }
    }
}
