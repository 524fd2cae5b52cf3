import MechaCore
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The file of a ``FileSecretStore``: reads it whole, and tells one version of it from another.
struct SecretsFile: Sendable {
    /// Larger files are refused.
    static let maximumBytes = 4 << 20

    let path: String

    /// What changes when the file does.
    struct Version: Sendable, Equatable {
        fileprivate var inode: UInt64
        fileprivate var bytes: Int
        fileprivate var modifiedSeconds: Int
        fileprivate var modifiedNanoseconds: Int

        fileprivate init(_ info: stat) {
            inode = UInt64(info.st_ino)
            bytes = Int(info.st_size)
            modifiedSeconds = info.st_mtim.tv_sec
            modifiedNanoseconds = info.st_mtim.tv_nsec
        }
    }

    /// Nil when there is no such file.
    func version() throws(CapabilityError) -> Version? {
        var info = stat()
        if stat(path, &info) == 0 { return Version(info) }
        if errno == ENOENT { return nil }
        throw problem("cannot be looked at")
    }

    /// The contents with the version that they belong to.
    func read() throws(CapabilityError) -> (document: JSON, version: Version) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw problem("cannot be opened") }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw problem("cannot be looked at") }
        guard info.st_mode & S_IFMT != S_IFDIR else { throw CapabilityError(.misconfigured, "the secrets file \(path) is a folder") }
        guard info.st_size <= Self.maximumBytes else { throw tooLarge }

        var contents = ByteBuffer()
        while true {
            var failed = false
            let count = contents.writeWithUnsafeMutableBytes(minimumWritableBytes: 1 << 16) { space in
                let count = Self.read(descriptor, space)
                failed = count < 0
                return max(0, count)
            }
            guard !failed else { throw problem("cannot be read") }
            guard contents.readableBytes <= Self.maximumBytes else { throw tooLarge }
            if count == 0 { break }
        }
        do throws(JSONError) {
            return (try JSON.parse(contents), Version(info))
        } catch {
            throw CapabilityError(.misconfigured, "the secrets file \(path) holds \(error)")
        }
    }

    private static func read(_ descriptor: Int32, _ space: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.read(descriptor, space.baseAddress, space.count)
        #elseif canImport(Musl)
        Musl.read(descriptor, space.baseAddress, space.count)
        #else
        Darwin.read(descriptor, space.baseAddress, space.count)
        #endif
    }

    private var tooLarge: CapabilityError {
        CapabilityError(.misconfigured, "the secrets file \(path) is larger than \(Self.maximumBytes) bytes")
    }

    private func problem(_ what: String) -> CapabilityError {
        CapabilityError(
            errno == EACCES ? .misconfigured : .unavailable, "the secrets file \(path) \(what): \(String(cString: strerror(errno)))")
    }
}
