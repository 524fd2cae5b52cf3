import CWasmtime
import Crypto
import MechaCore

/// Keeps the machine code of modules in a folder, so that a module is compiled once for a machine.
///
/// Loading runs what is in a file, so the folder belongs to the process's user alone, and beside each file stands a
/// code over its bytes (HMAC-SHA-256) under a key that only the user can read. What does not match is compiled anew.
package struct WasmModuleCache: Sendable {
    /// Compiled modules beyond this many bytes are deleted, the longest unused first.
    package static let bytesAtMost = 2 << 30

    private let folder: String

    /// - Parameter folder: made when it is needed.
    package init(folder: String) { self.folder = folder }

    /// The module of `bytes`, from the folder or compiled. Blocks: never on an event loop.
    ///
    /// A folder that cannot be used costs time, not function; `problem` is told.
    package func module(
        _ bytes: [UInt8], engine: WasmEngine, problem: (String) -> Void = { _ in }
    ) throws(WasmError) -> WasmModule {
        try WasmBinary.check(bytes)
        let key: SymmetricKey
        do throws(PrivateFolder.Problem) {
            key = try PrivateFolder(folder).key()
        } catch {
            problem("compiled modules are not kept: \(error.message)")
            return try engine.compile(bytes)
        }
        let digest = SHA256.hash(data: bytes).map { Self.hex($0) }.joined()
        // Another compiler makes other code; the library itself refuses that of another version or processor.
        let path = "\(folder)/\(digest).\(engine.options.compiler.rawValue).cwasm"
        if let module = try? load(path, key, engine) { return module }

        let module = try engine.compile(bytes)
        let code = try engine.serialize(module)
        do throws(PrivateFolder.Problem) {
            let ownersOnly = try PrivateFolder(folder)
            try ownersOnly.write(Array(HMAC<SHA256>.authenticationCode(for: code, using: key)), to: path + ".mac")
            try ownersOnly.write(code, to: path)
            ownersOnly.deleteOldest(beyond: Self.bytesAtMost, keeping: path)
        } catch {
            problem("a compiled module is not kept: \(error.message)")
            return module
        }
        defer { mecha_release_free_memory() }
        // Mapped from the file its pages are the kernel's to drop and to share; those of the compiler are freed.
        return (try? load(path, key, engine)) ?? module
    }

    private func load(_ path: String, _ key: SymmetricKey, _ engine: WasmEngine) throws -> WasmModule? {
        let ownersOnly = try PrivateFolder(folder)
        guard let code = ownersOnly.read(path), let expected = ownersOnly.read(path + ".mac") else { return nil }
        guard HMAC<SHA256>.isValidAuthenticationCode(expected, authenticating: code, using: key) else { return nil }
        ownersOnly.touch(path)
        return try engine.load(precompiled: path)
    }

    private static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.utf8.count == 1 ? "0\(text)" : text
    }
}
