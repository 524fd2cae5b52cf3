import MechaCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Asks the system's resolver (hosts file, DNS, whatever the host is set up for) on threads of its own,
/// since the C library's call blocks.
final class HostLookup: Sendable {
    /// Look-ups at once; further ones wait.
    static let threads = 2

    private let pool = NIOThreadPool(numberOfThreads: threads)

    func start() { pool.start() }

    func close() async { try? await pool.shutdownGracefully() }

    /// Addresses of `host` (A and AAAA records) in the order that the system prefers; none when there is
    /// no such name. Throws ``CapabilityError/Code/unavailable`` when the question found no answer.
    func addresses(of host: String) async throws -> [String] {
        do {
            return try await pool.runIfActive { try Self.blockingLookup(host) }
        } catch let error as CapabilityError {
            throw error
        } catch {
            throw CapabilityError(.closed, "name resolution is closed", cause: error)
        }
    }

    private static func blockingLookup(_ host: String) throws -> [String] {
        var hints = addrinfo()
        // One entry for each address, not one for each protocol.
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        var first: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(host, nil, &hints, &first)
        defer { if let first { freeaddrinfo(first) } }
        switch failure {
        case 0: break
        // There is no such name, or it has no address.
        case EAI_NONAME, noAddress: return []
        default: throw CapabilityError(.unavailable, "the look-up of \(host) failed: \(String(cString: gai_strerror(failure)))")
        }
        var addresses: [String] = []
        var next = first
        while let info = next?.pointee {
            if let address = text(info), !addresses.contains(address) { addresses.append(address) }
            next = info.ai_next
        }
        return addresses
    }

    /// EAI_NODATA, which glibc returns and Swift does not see.
    private static let noAddress: Int32 = -5

    private static func text(_ info: addrinfo) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(NI_MAXHOST))
        let failure = bytes.withUnsafeMutableBytes { space in
            getnameinfo(
                info.ai_addr, info.ai_addrlen, space.bindMemory(to: CChar.self).baseAddress, socklen_t(space.count), nil, 0, NI_NUMERICHOST)
        }
        return failure == 0 ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : nil
    }
}
