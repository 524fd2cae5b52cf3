#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why an operation on a guest's file failed: a number of the system, and what WASI calls it.
struct GuestFileError: Error, Sendable, CustomStringConvertible {
    var number: Int32

    init(_ number: Int32) { self.number = number }

    /// What the system said last.
    static var last: GuestFileError { GuestFileError(errno) }

    static let unsupported = GuestFileError(ENOTSUP)
    static let badDescriptor = GuestFileError(EBADF)
    static let tooManyFiles = GuestFileError(EMFILE)
    static let io = GuestFileError(EIO)

    var description: String { String(cString: strerror(number)) }

    /// The number of preview 1's `errno` and the name of preview 2's `error-code`.
    private static let meanings: [Int32: (preview1: Int64, preview2: String)] = [
        EACCES: (2, "access"), EAGAIN: (6, "would-block"), EBADF: (8, "bad-descriptor"), EBUSY: (10, "busy"), EDQUOT: (19, "quota"),
        EEXIST: (20, "exist"), EFBIG: (22, "file-too-large"), EILSEQ: (25, "illegal-byte-sequence"), EINVAL: (28, "invalid"),
        EIO: (29, "io"), EISDIR: (31, "is-directory"), ELOOP: (32, "loop"), EMFILE: (33, "insufficient-memory"),
        EMLINK: (34, "too-many-links"), ENAMETOOLONG: (37, "name-too-long"), ENFILE: (41, "insufficient-memory"), ENOENT: (44, "no-entry"),
        ENOMEM: (48, "insufficient-memory"), ENOSPC: (51, "insufficient-space"), ENOTDIR: (54, "not-directory"),
        ENOTEMPTY: (55, "not-empty"), ENOTSUP: (58, "unsupported"), EOVERFLOW: (61, "overflow"), EPERM: (63, "not-permitted"),
        EPIPE: (64, "pipe"), EROFS: (69, "read-only"), ESPIPE: (70, "invalid-seek"), ETXTBSY: (74, "text-file-busy"),
        EXDEV: (75, "cross-device"),
    ]

    var preview1: Int64 { Self.meanings[number]?.preview1 ?? 29 }

    var preview2: String { Self.meanings[number]?.preview2 ?? "io" }
}
