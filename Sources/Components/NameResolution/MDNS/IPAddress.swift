#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An IPv4 or IPv6 address in its bytes.
struct IPAddress: Sendable, Hashable {
    let bytes: [UInt8]

    /// Nil for anything but four or sixteen bytes.
    init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads the usual text forms; nil for a host name.
    init?(_ text: String) {
        var space = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &space) == 1 {
            bytes = Array(space[..<4])
        } else if inet_pton(AF_INET6, text, &space) == 1 {
            bytes = space
        } else {
            return nil
        }
    }

    var isIPv4: Bool { bytes.count == 4 }

    var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    var isLoopback: Bool { isIPv4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 }

    /// An IPv6 address that means nothing without its interface.
    var isLinkLocal: Bool { !isIPv4 && bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80 }

    var text: String {
        String(unsafeUninitializedCapacity: 64) { space in
            space.withMemoryRebound(to: CChar.self) { text in
                guard let base = text.baseAddress, inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, base, socklen_t(text.count)) != nil
                else { return 0 }
                return strlen(base)
            }
        }
    }

    var record: DNSMessage.RecordData { isIPv4 ? .a(bytes) : .aaaa(bytes) }
}
