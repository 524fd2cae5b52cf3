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
        return try cached(
            bytes, engine, problem, compile: { () throws(WasmError) in try engine.compile(bytes) },
            serialize: { module throws(WasmError) in try engine.serialize(module) },
            load: { path throws(WasmError) in try engine.load(precompiled: path) })
    }

    /// The component of `bytes`, likewise.
    package func component(
        _ bytes: [UInt8], engine: WasmEngine, problem: (String) -> Void = { _ in }
    ) throws(WasmError) -> WasmComponent {
        try WasmBinary.check(bytes, .component)
        return try cached(
            bytes, engine, problem, compile: { () throws(WasmError) in try engine.compile(component: bytes) },
            serialize: { component throws(WasmError) in try engine.serialize(component) },
            load: { path throws(WasmError) in try engine.load(precompiledComponent: path) })
    }

    private func cached<Code>(
        _ bytes: [UInt8], _ engine: WasmEngine, _ problem: (String) -> Void, compile: () throws(WasmError) -> Code,
        serialize: (Code) throws(WasmError) -> [UInt8], load: (String) throws(WasmError) -> Code
    ) throws(WasmError) -> Code {
        let key: SymmetricKey
        do throws(PrivateFolder.Problem) {
            key = try PrivateFolder(folder).key()
        } catch {
            problem("compiled modules are not kept: \(error.message)")
            return try compile()
        }
        let digest = SHA256.hash(data: bytes).map { Self.hex($0) }.joined()
        // Another compiler makes other code; the library itself refuses that of another version or processor.
        let path =
            "\(folder)/\(digest).\(engine.options.compiler.rawValue)\(engine.options.metersFuel ? ".fuel" : "")\(WasmEngine.tellsPlaces ? ".places" : "").cwasm"
        if let known = isGenuine(path, key) ? try? load(path) : nil { return known }

        let compiled = try compile()
        let code = try serialize(compiled)
        do throws(PrivateFolder.Problem) {
            let ownersOnly = try PrivateFolder(folder)
            try ownersOnly.write(Array(HMAC<SHA256>.authenticationCode(for: code, using: key)), to: path + ".mac")
            try ownersOnly.write(code, to: path)
            ownersOnly.deleteOldest(beyond: Self.bytesAtMost, keeping: path)
        } catch {
            problem("a compiled module is not kept: \(error.message)")
            return compiled
        }
        defer { mecha_release_free_memory() }
        // Mapped from the file its pages are the kernel's to drop and to share; those of the compiler are freed.
        return (isGenuine(path, key) ? try? load(path) : nil) ?? compiled
    }

    private func isGenuine(_ path: String, _ key: SymmetricKey) -> Bool {
        guard let ownersOnly = try? PrivateFolder(folder), let code = ownersOnly.read(path), let expected = ownersOnly.read(path + ".mac"),
            HMAC<SHA256>.isValidAuthenticationCode(expected, authenticating: code, using: key)
        else { return false }
        ownersOnly.touch(path)
        return true
    }

    private static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.utf8.count == 1 ? "0\(text)" : text
    }
}
