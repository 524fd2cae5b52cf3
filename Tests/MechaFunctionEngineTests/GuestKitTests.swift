import Foundation
import MechaFunctions
import MechaTestKit
import NIOCore
import Testing

/// The guest kits: their example compiles with the language's own compiler and says the same in each.
@Suite(.timeLimit(.minutes(3))) struct GuestKitTests {
    private enum Kit { case c, swift, rust, zig }

    @Test func `the example in C runs`() async throws { try await check(.c) }

    @Test func `the example in Swift runs`() async throws { try await check(.swift) }

    @Test(.enabled(if: Self.hasRust, "there is no /usr/bin/rustc with the target wasm32-unknown-unknown (scripts/prepare.sh test)"))
    func `the example in Rust runs`() async throws { try await check(.rust) }

    @Test(.enabled("there is no ziglang in .build/venv (scripts/prepare.sh test)") { await Self.hasZig() })
    func `the example in Zig runs`() async throws { try await check(.zig) }

    /// The distribution's compiler is the one that has the target installed.
    private static let hasRust = FileManager.default.fileExists(atPath: "/usr/bin/rustc")
    private static let python = CGuests.root.appending(path: ".build/venv/bin/python").path

    private static func hasZig() async -> Bool {
        (try? await run("\(python) -m ziglang version", in: FileManager.default.temporaryDirectory.path)) != nil
    }

    private func check(_ kit: Kit) async throws {
        let module = try await build(kit)
        let world = try await EngineWorld()
        let function = try await world.load(module) {
            $0.grants = .init()
            $0.grants.state = ["statestore"]
        }
        let first = try await function.call("/", "Ann")
        #expect(first.status == 200 && first.contentType == "text/plain")
        #expect(first.text == "Hello, Ann! Greeting number 1.\n")
        for number in 2..<12 {
            let next = try await function.call("/")
            #expect(next.text == "Hello, world! Greeting number \(number).\n")
        }
        await function.close()
        await world.close()
    }

    /// C and Swift come with the toolchain that builds this.
    private func build(_ kit: Kit) async throws -> [UInt8] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "mecha-kit-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let guests = CGuests.root.appending(path: "guests").path
        switch kit {
        case .c: return try await CGuests.hello.value
        case .swift:
            try await Self.run(
                "swiftc -target wasm32-unknown-none-wasm -enable-experimental-feature Embedded -enable-experimental-feature Extern -wmo "
                    + "-Osize -parse-as-library -Xfrontend -disable-stack-protector -c -o \(folder)/hello.o "
                    + "\(guests)/swift/Mecha.swift \(guests)/swift/hello.swift", in: folder)
            try await Self.run("clang --target=wasm32-unknown-unknown -Os -c -o \(folder)/runtime.o \(guests)/swift/runtime.c", in: folder)
            try await Self.run("wasm-ld --no-entry --gc-sections -o \(folder)/hello.wasm \(folder)/hello.o \(folder)/runtime.o", in: folder)
        case .rust:
            try await Self.run(
                "/usr/bin/rustc --target wasm32-unknown-unknown --crate-type cdylib -O -C panic=abort -C lto -C linker=wasm-ld-14 "
                    + "-o \(folder)/hello.wasm \(guests)/rust/hello.rs", in: folder)
        case .zig:
            try await Self.run(
                "\(Self.python) -m ziglang build-exe \(guests)/zig/hello.zig -target wasm32-freestanding -O ReleaseSmall -fno-entry -rdynamic "
                    + "--cache-dir \(folder)/cache --global-cache-dir \(folder)/global", in: folder)
        }
        return Array(try Data(contentsOf: URL(filePath: "\(folder)/hello.wasm")))
    }

    private static func run(_ command: String, in folder: String) async throws {
        let process = try ServerProcess("/usr/bin/env", command.split(separator: " ").map(String.init), directory: folder)
        guard try await process.waitForExit() == .code(0) else { throw CommandFailed(command: command, output: process.output) }
    }
}

private struct CommandFailed: Error {
    var command: String
    var output: String
}
