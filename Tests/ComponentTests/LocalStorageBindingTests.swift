import Logging
import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaLocalStorage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct LocalStorageBindingTests {
    private func with(
        _ metadata: [String: String] = ["rootPath": "files"], _ body: (TemporaryDirectory, LocalStorageBinding) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let binding = try #require(
            try LocalStorageBinding.descriptor.make(ComponentMetadata(metadata), environment(directory)) as? LocalStorageBinding)
        try await binding.start()
        try await body(directory, binding)
        await binding.close()
    }

    private func invoke(
        _ binding: LocalStorageBinding, _ operation: String, _ name: String?, _ data: String = "", _ metadata: [String: String] = [:]
    ) async throws -> String? {
        var metadata = metadata
        if let name { metadata["fileName"] = name }
        let response = try await binding.invoke(BindingRequest(operation: operation, data: ByteBuffer(string: data), metadata: metadata))
        return response.data.map { String(buffer: $0) }
    }

    private func code(_ body: () async throws -> String?) async -> CapabilityError.Code? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? CapabilityError)?.code
        }
    }

    @Test func `a file is written, read, listed and removed`() async throws {
        try await with { directory, binding in
            let written = try await invoke(binding, "create", "a/b/c.txt", "hello, world")
            #expect(written == #"{"fileName":"a/b/c.txt"}"#)
            let read = try await invoke(binding, "get", "a/b/c.txt")
            #expect(read == "hello, world")
            _ = try await invoke(binding, "create", "a/d.txt", "")
            let root = "\(directory.path)/files"
            let all = try await invoke(binding, "list", nil)
            let paths = try JSON.parse(all ?? "")
            #expect(paths == [.string("\(root)/a/b/c.txt"), .string("\(root)/a/d.txt")])
            let part = try await invoke(binding, "list", "a/b")
            #expect(part?.contains("d.txt") == false && part?.contains("c.txt") == true)
            let nothing = try await invoke(binding, "delete", "a/b/c.txt")
            #expect(nothing == nil)
            #expect(await code { try await invoke(binding, "get", "a/b/c.txt") } == .notFound)
            _ = try await invoke(binding, "delete", "a/b")
            #expect(await code { try await invoke(binding, "list", "a/b") } == .notFound)
            let empty = try await invoke(binding, "get", "a/d.txt")
            #expect(empty == "")
        }
    }

    @Test func `a file without a name gets one, and a file is replaced whole`() async throws {
        try await with { directory, binding in
            let answer = try JSON.parse(try await invoke(binding, "create", nil, "x;y") ?? "")
            let name = try #require(answer["fileName"]?.stringValue)
            #expect(name.utf8.count == 36)
            _ = try await invoke(binding, "create", name, "other content")
            let read = try await invoke(binding, "get", name)
            #expect(read == "other content")
            let all = try await invoke(binding, "list", nil)
            #expect(all == JSON.array([.string("\(directory.path)/files/\(name)")]).text)
        }
    }

    @Test(
        arguments: [
            ([:], #""a \"text\"""#, #"a "text""#), ([:], "aGVsbG8=", "hello"), ([:], #""aGVsbG8=""#, "hello"),
            ([:], #"{"a":1}"#, #"{"a":1}"#),
            (["decodeBase64": "false"], "aGVsbG8=", "aGVsbG8="), (["decodeBase64": "true"], "aGVsbG8=", "hello"),
            ([:], "not base 64!", "not base 64!"),
        ] as [([String: String], String, String)])
    func `texts lose their quotes and base 64 is decoded`(_ metadata: [String: String], _ data: String, _ stored: String) async throws {
        try await with { _, binding in
            _ = try await invoke(binding, "create", "f", data, metadata)
            let read = try await invoke(binding, "get", "f")
            #expect(read == stored)
        }
    }

    @Test func `data that must be base 64 and is not is refused`() async throws {
        try await with(["rootPath": "files", "decodeBase64": "true"]) { _, binding in
            #expect(await code { try await invoke(binding, "create", "f", "no!") } == .invalidArgument)
            #expect(await code { try await invoke(binding, "create", "f", "x", ["decodeBase64": "perhaps"]) } == .invalidArgument)
        }
    }

    @Test(arguments: ["../outside", "../../outside", "a/../../outside", "/outside", "./../outside"])
    func `no name leads out of the folder`(_ name: String) async throws {
        try await with { directory, binding in
            _ = try await invoke(binding, "create", name, "inside?")
            #expect(access("\(directory.path)/outside", F_OK) != 0)
            #expect(access("\(directory.path)/files/outside", F_OK) == 0)
            let read = try await invoke(binding, "get", name)
            #expect(read == "inside?")
        }
    }

    @Test func `symbolic links are not followed`() async throws {
        try await with { directory, binding in
            let secret = try directory.write("secret", to: "secret")
            symlink(secret, "\(directory.path)/files/link")
            symlink(directory.path, "\(directory.path)/files/folder")
            #expect(await code { try await invoke(binding, "get", "link") } == .permissionDenied)
            #expect(await code { try await invoke(binding, "get", "folder/secret") } != nil)
            #expect(await code { try await invoke(binding, "list", "folder") } != nil)
            #expect(await code { try await invoke(binding, "delete", "folder/secret") } != nil)
            #expect(await code { try await invoke(binding, "create", "folder/new", "x") } != nil)
            #expect(access("\(directory.path)/new", F_OK) != 0)
            // A new file takes the place of a link and not of what it leads to.
            _ = try await invoke(binding, "create", "link", "new content")
            #expect(access(secret, F_OK) == 0)
            let all = try await invoke(binding, "list", nil)
            #expect(all?.contains("secret") == false)
        }
    }

    @Test func `requests that make no sense are refused`() async throws {
        try await with { _, binding in
            #expect(await code { try await invoke(binding, "copy", "f") } == .unsupported)
            #expect(await code { try await invoke(binding, "get", nil) } == .invalidArgument)
            #expect(await code { try await invoke(binding, "delete", "..") } == .invalidArgument)
            #expect(await code { try await invoke(binding, "get", "a\0b") } == .invalidArgument)
            #expect(await code { try await invoke(binding, "get", String(repeating: "x", count: 5_000)) } == .invalidArgument)
            #expect(await code { try await invoke(binding, "get", "missing/file") } == .notFound)
            _ = try await invoke(binding, "create", "folder/file", "x;")
            #expect(await code { try await invoke(binding, "get", "folder") } == .invalidArgument)
            #expect(await code { try await invoke(binding, "delete", "folder") } == .invalidArgument)
            #expect(await code { try await invoke(binding, "create", "folder/file/below", "x;") } == .invalidArgument)
            await binding.close()
            #expect(await code { try await invoke(binding, "get", "folder/file") } == .closed)
        }
    }

    @Test func `a configured file serves requests that name none`() async throws {
        try await with(["rootPath": "files", "fileName": "only.txt"]) { _, binding in
            _ = try await invoke(binding, "create", nil, "x;")
            let read = try await invoke(binding, "get", nil)
            #expect(read == "x;")
        }
    }

    @Test(arguments: ["/proc", "/sys/kernel", "/boot"])
    func `parts of the system are no place for files`(_ path: String) async throws {
        let directory = try TemporaryDirectory()
        let binding = try LocalStorageBinding.descriptor.make(ComponentMetadata(["rootPath": path]), environment(directory))
        let error = await #expect(throws: CapabilityError.self) { try await binding.start() }
        #expect(error?.code == .misconfigured)
    }

    @Test func `without a folder there is no binding`() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: MetadataError.self) { try LocalStorageBinding.descriptor.make(ComponentMetadata([:]), environment(directory)) }
    }
}
