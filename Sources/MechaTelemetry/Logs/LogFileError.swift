#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A log file that cannot be opened.
public struct LogFileError: Error, CustomStringConvertible {
    public var path: String
    /// `errno`.
    public var code: Int32

    public var description: String { "cannot open log file \(path): \(String(cString: strerror(code)))" }
}
