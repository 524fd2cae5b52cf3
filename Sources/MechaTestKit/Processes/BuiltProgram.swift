#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Programs of this package as they were built together with the tests.
public enum BuiltProgram {
    /// The path of a program. Throws when it was not built.
    public static func path(_ name: String) throws -> String {
        guard let own = realpath("/proc/self/exe", nil) else { throw TestKitError("cannot tell where the tests were built") }
        defer { free(own) }
        let folder = String(cString: own).split(separator: "/").dropLast().joined(separator: "/")
        let path = "/\(folder)/\(name)"
        guard access(path, X_OK) == 0 else { throw TestKitError("\(path) was not built") }
        return path
    }
}
