import MechaFunctions
import Testing

/// WASI preview 1, part by part.
@Suite(.timeLimit(.minutes(1))) struct WASITests {
    private static let head = """
        (import "wasi_snapshot_preview1" "IMPORT" (func $wasi PARAMETERS (result i32)))
        (import "mecha" "response_write" (func $write (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        """

    @Test(arguments: [
        ("args_get", "(param i32 i32)", "arguments"), ("args_sizes_get", "(param i32 i32)", "arguments"),
        ("environ_get", "(param i32 i32)", "env"), ("environ_sizes_get", "(param i32 i32)", "env"),
        ("clock_time_get", "(param i32 i64 i32)", "clock"), ("clock_res_get", "(param i32 i32)", "clock"),
        ("random_get", "(param i32 i32)", "random"), ("fd_write", "(param i32 i32 i32 i32)", "stdout"),
        ("fd_close", "(param i32)", "stdout"), ("fd_seek", "(param i32 i64 i32 i32)", "stdout"),
        ("fd_fdstat_get", "(param i32 i32)", "stdout"), ("fd_read", "(param i32 i32 i32 i32)", "stdout"),
    ])
    func `each import needs its grant`(name: String, parameters: String, grant: String) async throws {
        let world = try await EngineWorld()
        let head = Self.head.replacing("IMPORT", with: name).replacing("PARAMETERS", with: parameters)
        let module = try Text.module(#"(module \#(head) (func (export "handle") (result i32) (i32.const 0)))"#)
        do {
            _ = try await world.load(module) { $0.grants = .init() }
            Issue.record("\(name) was there without its grant")
        } catch let error as FunctionError {
            #expect(error.code == .missingImport)
            #expect(error.message == "the module imports wasi_snapshot_preview1.\(name), which needs the grant `\(grant)`")
        }
        let function = try await world.load(module) {
            $0.grants = .init()
            $0.grants.arguments = ["a"]
            $0.grants.env = ["COLOUR"]
            $0.grants.clock = true
            $0.grants.random = true
            $0.grants.stdout = true
        }
        let response = try await function.call("/")
        #expect(response.status == 200)
        await function.close()
        await world.close()
    }

    @Test func `folders and sockets are not there`() async throws {
        let world = try await EngineWorld()
        for (name, parameters) in [("path_open", "(param i32 i32 i32 i32 i32 i64 i64 i32 i32)"), ("sock_accept", "(param i32 i32 i32)")] {
            let head = Self.head.replacing("IMPORT", with: name).replacing("PARAMETERS", with: parameters)
            let module = try Text.module(#"(module \#(head) (func (export "handle") (result i32) (i32.const 0)))"#)
            do {
                _ = try await world.load(module)
                Issue.record("\(name) is there")
            } catch let error as FunctionError {
                #expect(error.code == .missingImport && error.message.contains(name))
            }
        }
        await world.close()
    }

    @Test func `arguments, environment and standard output`() async throws {
        let world = try await EngineWorld()
        let module = try Text.module(
            """
            (module
              (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "args_get" (func $arguments (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "environ_get" (func $environment (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (import "mecha" "response_write" (func $answer (param i32 i32) (result i32)))
              (import "mecha" "response_status" (func $status (param i32) (result i32)))
              (import "mecha" "request_read" (func $request (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 1024) "one line\\nand a half")
              (data (i32.const 2048) "\\00\\04\\00\\00\\13\\00\\00\\00")
              (func (export "handle") (result i32)
                (drop (call $request (i32.const 3) (i32.const 0) (i32.const 4096) (i32.const 1)))
                (if (i32.eq (i32.load8_u (i32.const 4096)) (i32.const 120)) (then (call $exit (i32.const 3))))
                (if (call $sizes (i32.const 0) (i32.const 4)) (then (return (i32.const 1))))
                (if (call $arguments (i32.const 16) (i32.const 64)) (then (return (i32.const 2))))
                (drop (call $answer (i32.load (i32.const 20)) (i32.const 6)))
                (if (call $environment (i32.const 16) (i32.const 256)) (then (return (i32.const 3))))
                (drop (call $answer (i32.load (i32.const 16)) (i32.const 12)))
                (if (call $write (i32.const 1) (i32.const 2048) (i32.const 1) (i32.const 8)) (then (return (i32.const 4))))
                (if (i32.ne (i32.load (i32.const 8)) (i32.const 19)) (then (return (i32.const 5))))
                (if (i32.ne (call $write (i32.const 5) (i32.const 2048) (i32.const 1) (i32.const 8)) (i32.const 8))
                  (then (return (i32.const 6))))
                (if (i32.ne (call $close (i32.const 4)) (i32.const 8)) (then (return (i32.const 7))))
                (i32.const 0)))
            """)
        let function = try await world.load(module) {
            $0.grants.arguments = ["first", "second"]
            $0.grants.stdout = true
        }
        let response = try await function.call("/")
        #expect(response.text == "secondCOLOUR=green")
        #expect(world.lines.count("info: one line") == 1 && world.lines.count("info: and a half") == 1)
        let exit = try await function.failure("/", .init(string: "x"))
        #expect(exit.code == .trapped && exit.message.contains("code 3"))
        await function.close()
        await world.close()
    }

    @Test func `wrong pointers end the call`() async throws {
        let world = try await EngineWorld()
        for (name, parameters, arguments) in [
            ("args_get", "(param i32 i32)", "(i32.const -8) (i32.const 0)"),
            ("args_sizes_get", "(param i32 i32)", "(i32.const 0) (i32.const -2)"),
            ("environ_get", "(param i32 i32)", "(i32.const 0) (i32.const 65535)"),
            ("clock_time_get", "(param i32 i64 i32)", "(i32.const 0) (i64.const 0) (i32.const 65530)"),
            ("random_get", "(param i32 i32)", "(i32.const 0) (i32.const -1)"),
            ("fd_write", "(param i32 i32 i32 i32)", "(i32.const 1) (i32.const -4) (i32.const 1) (i32.const 0)"),
            ("fd_write", "(param i32 i32 i32 i32)", "(i32.const 1) (i32.const 0) (i32.const 1) (i32.const -4)"),
            ("fd_fdstat_get", "(param i32 i32)", "(i32.const 1) (i32.const 65520)"),
        ] {
            let head = Self.head.replacing("IMPORT", with: name).replacing("PARAMETERS", with: parameters)
            let module = try Text.module(
                #"(module \#(head) (func (export "handle") (result i32) (drop (call $wasi \#(arguments))) (i32.const 0)))"#)
            let function = try await world.load(module) {
                $0.grants.arguments = ["a"]
                $0.grants.stdout = true
            }
            let error = try await function.failure("/")
            #expect(error.code == .trapped && error.message.contains("outside of the guest's memory"), "\(name)")
            await function.close()
        }
        await world.close()
    }
}
