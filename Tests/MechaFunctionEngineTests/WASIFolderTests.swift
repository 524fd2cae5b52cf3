import Foundation
import MechaFunctions
import NIOCore
import Testing

/// Granted folders of WASI preview 1, with a guest that tries every way out.
@Suite(.timeLimit(.minutes(1))) struct WASIFolderTests {
    /// The first byte of a request says what to do, the second is the number of the folder, the rest is the path (for
    /// `n`, two of them around a zero). The answer is `errno` in one byte, then what was read.
    private static let guest = """
        (module
          (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_remove_directory" (func $remove (param i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_readlink" (func $readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $name (param i32 i32 i32) (result i32)))
          (import "mecha" "request_read" (func $request (param i32 i32 i32 i32) (result i32)))
          (import "mecha" "response_write" (func $answer (param i32 i32) (result i32)))
          (memory (export "memory") 2)
          ;; 16: vector, 24: count, 32: descriptor, 1024: request, 16384: what is read
          (func $done (param $error i32) (param $pointer i32) (param $length i32) (result i32)
            (i32.store8 (i32.const 0) (local.get $error))
            (drop (call $answer (i32.const 0) (i32.const 1)))
            (if (i32.eqz (local.get $error)) (then (drop (call $answer (local.get $pointer) (local.get $length)))))
            (i32.const 0))
          (func (export "handle") (result i32)
            (local $size i32) (local $what i32) (local $folder i32) (local $path i32) (local $length i32) (local $error i32)
            (local $flags i32) (local $rights i64)
            (local.set $size (call $request (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 8192)))
            (local.set $what (i32.load8_u (i32.const 1024)))
            (local.set $folder (i32.load8_u (i32.const 1025)))
            (local.set $path (i32.const 1026))
            (local.set $length (i32.sub (local.get $size) (i32.const 2)))
            (i32.store (i32.const 16) (i32.const 16384)) (i32.store (i32.const 20) (i32.const 8192))
            (if (i32.eq (local.get $what) (i32.const 112)) (then ;; p: the folder's own name
              (local.set $error (call $prestat (local.get $folder) (i32.const 32)))
              (if (local.get $error) (then (return (call $done (local.get $error) (i32.const 0) (i32.const 0)))))
              (drop (call $name (local.get $folder) (i32.const 16384) (i32.load (i32.const 36))))
              (return (call $done (i32.const 0) (i32.const 16384) (i32.load (i32.const 36))))))
            (if (i32.eq (local.get $what) (i32.const 117)) (then ;; u
              (return (call $done (call $unlink (local.get $folder) (local.get $path) (local.get $length)) (i32.const 0) (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 109)) (then ;; m
              (return (call $done (call $make (local.get $folder) (local.get $path) (local.get $length)) (i32.const 0) (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 100)) (then ;; d
              (return (call $done (call $remove (local.get $folder) (local.get $path) (local.get $length)) (i32.const 0) (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 115)) (then ;; s: kind
              (return (call $done
                (call $stat (local.get $folder) (i32.const 1) (local.get $path) (local.get $length) (i32.const 16384))
                (i32.const 16400) (i32.const 1)))))
            (if (i32.eq (local.get $what) (i32.const 110)) (then ;; n: rename to "moved" of folder 3
              (i64.store (i32.const 40) (i64.const 0x6465766f6d))
              (return (call $done
                (call $rename (local.get $folder) (local.get $path) (local.get $length) (i32.const 3) (i32.const 40) (i32.const 5))
                (i32.const 0) (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 121)) (then ;; y: a symbolic link
              (return (call $done
                (call $symlink (local.get $path) (local.get $length) (local.get $folder) (local.get $path) (i32.const 2))
                (i32.const 0) (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 104)) (then ;; h: a hard link
              (return (call $done
                (call $link (local.get $folder) (i32.const 0) (local.get $path) (local.get $length) (i32.const 3) (local.get $path)
                  (i32.const 2)) (i32.const 0) (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 107)) (then ;; k: what a link says
              (return (call $done
                (call $readlink (local.get $folder) (local.get $path) (local.get $length) (i32.const 16384) (i32.const 100) (i32.const 24))
                (i32.const 16384) (i32.load (i32.const 24))))))
            (local.set $rights (i64.const 2))
            (if (i32.eq (local.get $what) (i32.const 119)) (then ;; w: creates, writes its own path
              (local.set $flags (i32.const 9)) (local.set $rights (i64.const 64))))
            (if (i32.eq (local.get $what) (i32.const 108)) (then (local.set $flags (i32.const 2)))) ;; l
            (local.set $error (call $open (local.get $folder) (i32.const 1) (local.get $path) (local.get $length) (local.get $flags)
              (local.get $rights) (local.get $rights) (i32.const 0) (i32.const 32)))
            (if (local.get $error) (then (return (call $done (local.get $error) (i32.const 0) (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 119)) (then
              (i32.store (i32.const 16) (local.get $path)) (i32.store (i32.const 20) (local.get $length))
              (return (call $done (call $write (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 24))
                (i32.const 0) (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 108)) (then
              (return (call $done
                (call $list (i32.load (i32.const 32)) (i32.const 16384) (i32.const 8192) (i64.const 0) (i32.const 24))
                (i32.const 16384) (i32.load (i32.const 24))))))
            (call $done (call $read (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 24))
              (i32.const 16384) (i32.load (i32.const 24)))))
        """

    /// A folder with files, links out of it, and something beside it that nobody may reach.
    private func with(_ body: (EngineWorld, any LoadedFunction) async throws -> Void) async throws {
        let world = try await EngineWorld()
        let files = FileManager.default
        let outer = world.folder.path
        try files.createDirectory(atPath: "\(outer)/granted/sub", withIntermediateDirectories: true)
        try files.createDirectory(atPath: "\(outer)/beside", withIntermediateDirectories: true)
        try "inside".write(toFile: "\(outer)/granted/a.txt", atomically: true, encoding: .utf8)
        try "deep".write(toFile: "\(outer)/granted/sub/b.txt", atomically: true, encoding: .utf8)
        try "hidden".write(toFile: "\(outer)/beside/c.txt", atomically: true, encoding: .utf8)
        try files.createSymbolicLink(atPath: "\(outer)/granted/file-out", withDestinationPath: "../beside/c.txt")
        try files.createSymbolicLink(atPath: "\(outer)/granted/folder-out", withDestinationPath: "\(outer)/beside")
        try files.createSymbolicLink(atPath: "\(outer)/granted/up", withDestinationPath: "..")
        try files.createSymbolicLink(atPath: "\(outer)/granted/sub/loop", withDestinationPath: "loop")
        mkfifo("\(outer)/granted/pipe", 0o600)
        let function = try await world.load(try Text.module(Self.guest)) {
            $0.grants.folders = [
                "/data": .init(path: "\(outer)/granted", isWritable: true), "/fixed": .init(path: "\(outer)/granted", isWritable: false),
            ]
        }
        try await body(world, function)
        #expect(try String(contentsOfFile: "\(outer)/beside/c.txt", encoding: .utf8) == "hidden")
        #expect(try files.contentsOfDirectory(atPath: "\(outer)/beside") == ["c.txt"])
        await function.close()
        await world.close()
    }

    /// `errno`, and what was read.
    private struct Outcome: Equatable {
        var error: UInt8
        var text: String

        init(_ error: UInt8, _ text: String) {
            self.error = error
            self.text = text
        }
    }

    private func run(_ function: any LoadedFunction, _ what: Character, _ path: String, in folder: UInt8 = 3) async throws -> Outcome {
        var body = ByteBuffer(string: String(what))
        body.writeInteger(folder)
        body.writeString(path)
        var answer = try await function.call("/", body).body
        guard let error = answer.readInteger(as: UInt8.self) else { throw NoFailure() }
        return Outcome(error, String(buffer: answer))
    }

    @Test func `files are read, written, listed, moved and removed`() async throws {
        try await with { _, function in
            #expect(try await run(function, "p", "") == Outcome(0, "/data"))
            #expect(try await run(function, "p", "", in: 4) == Outcome(0, "/fixed"))
            #expect(try await run(function, "p", "", in: 5).error == 8)
            #expect(try await run(function, "r", "a.txt") == Outcome(0, "inside"))
            #expect(try await run(function, "r", "./sub/../sub//b.txt") == Outcome(0, "deep"))
            #expect(try await run(function, "w", "new.txt").error == 0)
            #expect(try await run(function, "r", "new.txt") == Outcome(0, "new.txt"))
            #expect(try await run(function, "m", "made").error == 0)
            #expect(try await run(function, "s", "made") == Outcome(0, "\u{3}"))
            #expect(try await run(function, "s", "a.txt") == Outcome(0, "\u{4}"))
            #expect(try await run(function, "d", "made").error == 0)
            #expect(try await run(function, "n", "new.txt").error == 0)
            #expect(try await run(function, "u", "moved").error == 0)
            let list = try await run(function, "l", ".")
            #expect(list.error == 0 && list.text.contains("a.txt") && list.text.contains("sub") && !list.text.contains("c.txt"))
            #expect(try await run(function, "r", "none").error == 44)
        }
    }

    @Test(arguments: [
        "..", "../beside/c.txt", "sub/../../beside/c.txt", "sub/../../granted/a.txt", "/etc/passwd", "//etc/passwd", "/", "./../x",
        "file-out", "folder-out/c.txt", "folder-out", "up/beside/c.txt", "up", "sub/loop", "sub/loop/x", "file-out/", "./file-out",
        "sub/../up/beside/c.txt", "up/../up/beside/c.txt", "a.txt/../../beside/c.txt", "\u{0}", "a.txt\u{0}", "", "pipe",
        "../../../../../../../../../../etc/passwd",
    ])
    func `no path leads out`(path: String) async throws {
        try await with { world, function in
            for what in "rwdlmnu" {
                let outcome = try await run(function, what, path)
                // What is in the folder, a link too, may be renamed and removed; it is never followed.
                let isLinkItself = "un".contains(what) && ["file-out", "folder-out", "up", "sub/loop", "./file-out", "pipe"].contains(path)
                #expect(outcome.error != 0 || isLinkItself, "\(what) \(path)")
                #expect(!outcome.text.contains("hidden") && !outcome.text.contains("root:"))
            }
            #expect(FileManager.default.fileExists(atPath: "\(world.folder.path)/beside/c.txt"))
        }
    }

    @Test func `what is read-only stays as it is`() async throws {
        try await with { _, function in
            let before = try await run(function, "r", "a.txt", in: 4)
            #expect(before == Outcome(0, "inside"))
            for (what, path) in [("w", "a.txt"), ("w", "new"), ("u", "a.txt"), ("m", "new"), ("d", "sub"), ("n", "a.txt")] {
                #expect(try await run(function, Character(what), path, in: 4).error == 69, "\(what) \(path)")
            }
            #expect(try await run(function, "r", "a.txt") == Outcome(0, "inside"))
        }
    }

    @Test func `links are neither made nor followed`() async throws {
        try await with { _, function in
            #expect(try await run(function, "y", "/etc").error == 76)
            #expect(try await run(function, "h", "a.txt").error == 76)
            let link = try await run(function, "k", "file-out")
            #expect(link == Outcome(0, "../beside/c.txt"))
            #expect(try await run(function, "s", "file-out") == Outcome(0, "\u{7}"))
        }
    }

    @Test func `without the grant, by name; and a folder that is not there`() async throws {
        let world = try await EngineWorld()
        let module = try Text.module(Self.guest)
        do {
            _ = try await world.load(module) { $0.grants.stdout = true }
            Issue.record("folders are there without their grant")
        } catch let error as FunctionError {
            #expect(error.code == .missingImport && error.message.contains("path_open, which needs the grant `folders`"))
        }
        do {
            _ = try await world.load(module) { $0.grants.folders = ["/data": .init(path: "/nonexistent/folder")] }
            Issue.record("a folder that is not there was granted")
        } catch let error as FunctionError {
            #expect(error.message.contains("/data"))
        }
        let closed = try await world.load(module) { $0.grants.wasi = true }
        #expect(try await run(closed, "r", "a.txt").error == 8)
        await closed.close()
        await world.close()
    }
}
