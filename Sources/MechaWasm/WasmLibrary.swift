import CWasmtime
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The engine's shared library, which a process opens when its first function needs it.
package enum WasmLibrary {
    private static let loaded = Mutex<String?>(nil)

    /// Where the library of this process came from; nil as long as none was needed.
    package static var path: String? { loaded.withLock { $0 } }

    /// Opens the library, once for the process.
    ///
    /// - Parameter path: nil tries ``candidates(environment:)`` in their order.
    package static func load(path: String?) throws(WasmError) {
        let failure: String? = loaded.withLock { loaded in
            if loaded != nil { return nil }
            let candidates = path.map { [$0] } ?? candidates()
            guard let found = candidates.first(where: { access($0, R_OK) == 0 }) else {
                return "wasmtime's library is in none of \(candidates.joined(separator: ", ")); `make prepare` fetches it"
            }
            if let failure = mecha_wasmtime_load(found) {
                return "wasmtime's library \(found) cannot be used: \(String(cString: failure))"
            }
            loaded = found
            return nil
        }
        if let failure { throw WasmError(.unavailable, failure) }
    }

    /// `MECHA_WASMTIME` alone where it is set; else beside the executable, in `../lib/mecha`, and where
    /// `scripts/wasmtime.sh` puts it in a build's folder. Never the working directory, which may be anybody's.
    package static func candidates() -> [String] {
        if let named = getenv("MECHA_WASMTIME") { return [String(cString: named)] }
        guard let folder = executableFolder() else { return [] }
        return ["", "/../lib/mecha", "/../../wasmtime"].map { "\(folder)\($0)/libwasmtime.so" }
    }

    private static func executableFolder() -> String? {
        #if os(Linux)
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
        #else
        return nil
        #endif
    }
}
