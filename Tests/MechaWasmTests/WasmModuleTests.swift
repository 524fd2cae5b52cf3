import MechaTestKit
import MechaWasm
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct WasmModuleTests {
    private let text = """
        (module (import "env" "wanted" (func (param i32 i64) (result i32)))
          (memory (export "memory") 2)
          (func (export "run") (param i32) (result i32) (local.get 0)))
        """

    @Test func `imports and exports are told`() throws {
        let module = try Engines.engine(.optimizing).compile(try WasmEngine.binary(text: text))
        #expect(module.imports == [.init(module: "env", name: "wanted", item: .function(.init([.i32, .i64], [.i32])))])
        #expect(module.function("run") == .init([.i32], [.i32]))
        #expect(module.function("memory") == nil)
        #expect(module.exports["memory"] == .memory(minimumBytes: 131_072))
    }

    @Test func `imports that are missing or of another type are named`() throws {
        let engine = try Engines.engine(.optimizing)
        let module = try engine.compile(try WasmEngine.binary(text: text))
        func refusal(_ functions: [WasmHostFunction]) throws -> String {
            do {
                _ = try WasmLinker(engine, functions: functions).template(module)
            } catch {
                #expect(error.code == .missingImport)
                return error.message
            }
            throw Missing()
        }
        #expect(try refusal([]) == "the module imports env.wanted, which does not exist here")
        #expect(
            try refusal([WasmHostFunction("env", "wanted", [.i32]) { _ in 0 }])
                == "the module imports env.wanted as (i32, i64) -> i32; it is (i32) -> i32")
    }

    @Test func `what is no module, cut off or random is refused with words`() throws {
        let engine = try Engines.engine(.optimizing)
        let whole = try WasmEngine.binary(text: text)
        // A module that ends between two of its sections is a shorter one, which has not the export.
        for count in 0..<whole.count { #expect((try? engine.compile(whole[..<count]))?.function("run") == nil) }
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 8..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            // Some stay valid; none may do harm.
            _ = try? engine.compile(bytes)
            let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: WasmError.self) { _ = try engine.compile(Array(whole[..<8]) + noise) }
        }
        #expect(throws: WasmError.self) { _ = try engine.compile(Array("#!/bin/sh\n".utf8)) }
        #expect(try WasmBinary.kind(of: [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]) == .component)
    }

    @Test func `compiled code is kept, checked, and made anew when it was touched`() throws {
        let folder = try TemporaryDirectory()
        let cache = WasmModuleCache(folder: "\(folder.path)/deep/cache")
        let bytes = try WasmEngine.binary(text: text)
        let engine = try Engines.engine(.optimizing)
        _ = try cache.module(bytes, engine: engine) { Issue.record("\($0)") }
        let files = try list("\(folder.path)/deep/cache")
        #expect(files.count == 3)
        let code = try #require(files.first { $0.hasSuffix(".cwasm") })
        var state = stat()
        #expect(stat("\(folder.path)/deep/cache", &state) == 0 && state.st_mode & 0o777 == 0o700)
        for file in files { #expect(stat(file, &state) == 0 && state.st_mode & 0o777 == 0o600) }
        let made = try inode(code)

        _ = try cache.module(bytes, engine: engine) { Issue.record("\($0)") }
        #expect(try inode(code) == made, "the second time nothing is written")

        // One byte of the code changed: it must not be run.
        let file = try #require(fopen(code, "r+"))
        fseek(file, 2_000, SEEK_SET)
        fputc(0x5a, file)
        fclose(file)
        let again = try cache.module(bytes, engine: engine) { Issue.record("\($0)") }
        #expect(again.function("run") != nil)
        #expect(try inode(code) != made, "it is compiled anew")

        // Another compiler keeps code of its own.
        _ = try cache.module(bytes, engine: Engines.engine(.interpreter)) { Issue.record("\($0)") }
        #expect(try list("\(folder.path)/deep/cache").count == 5)
    }

    @Test func `a folder that cannot be used costs the cache only`() throws {
        let cache = WasmModuleCache(folder: "/proc/nowhere")
        var problems: [String] = []
        let module = try cache.module(try WasmEngine.binary(text: text), engine: Engines.engine(.optimizing)) { problems.append($0) }
        #expect(module.function("run") != nil)
        #expect(problems.count == 1 && problems[0].hasPrefix("compiled modules are not kept"))
    }

    private func inode(_ path: String) throws -> UInt {
        var state = stat()
        try #require(stat(path, &state) == 0)
        return UInt(state.st_ino)
    }

    private func list(_ path: String) throws -> [String] {
        let folder = try #require(opendir(path))
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append("\(path)/\(name)") }
        }
        return names
    }
}
