#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a guest may know of a file. Which device it lies on and whose it is are not among it.
struct GuestFileState: Sendable {
    /// By preview 1's numbers and preview 2's names.
    enum Kind: UInt8, Sendable {
        case unknown = 0
        case blockDevice = 1
        case characterDevice = 2
        case folder = 3
        case file = 4
        case socket = 6
        case link = 7

        var preview2: String {
            switch self {
            case .unknown: "unknown"
            case .blockDevice: "block-device"
            case .characterDevice: "character-device"
            case .folder: "directory"
            case .file: "regular-file"
            case .socket: "socket"
            case .link: "symbolic-link"
            }
        }

        init(mode: mode_t) {
            switch mode & S_IFMT {
            case S_IFDIR: self = .folder
            case S_IFREG: self = .file
            case S_IFLNK: self = .link
            case S_IFBLK: self = .blockDevice
            case S_IFCHR: self = .characterDevice
            case S_IFSOCK: self = .socket
            default: self = .unknown
            }
        }

        /// By `d_type`, whose values are those of a mode without its lower bits.
        init(entry: UInt8) { self.init(mode: mode_t(entry) << 12) }
    }

    /// Seconds since 1970 and nanoseconds.
    struct Time: Sendable {
        var seconds: UInt64
        var nanoseconds: UInt32

        init(_ time: timespec) {
            seconds = UInt64(max(0, time.tv_sec))
            nanoseconds = UInt32(max(0, time.tv_nsec))
        }

        var total: UInt64 { seconds &* 1_000_000_000 &+ UInt64(nanoseconds) }
    }

    var kind: Kind
    var number: UInt64
    var links: UInt64
    var bytes: UInt64
    var read: Time
    var modified: Time
    var changed: Time

    init(_ state: stat) {
        kind = Kind(mode: state.st_mode)
        number = UInt64(state.st_ino)
        links = UInt64(state.st_nlink)
        bytes = UInt64(max(0, state.st_size))
        #if canImport(Darwin)
        (read, modified, changed) = (Time(state.st_atimespec), Time(state.st_mtimespec), Time(state.st_ctimespec))
        #else
        (read, modified, changed) = (Time(state.st_atim), Time(state.st_mtim), Time(state.st_ctim))
        #endif
    }
}
