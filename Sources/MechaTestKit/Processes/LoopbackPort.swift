import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// TCP ports of the loopback address.
public enum LoopbackPort {
    /// Below the ports that the kernel gives to outgoing connections, which would otherwise take a port between
    /// the test's look at it and the server's, or while a killed server is away.
    private static let range = 12_000..<32_000
    private static let next = Atomic(Int.random(in: 0..<20_000))

    /// A port that nothing listens on now, and that this process has not been given lately. Let the program under
    /// test choose its port itself where it can.
    public static func free() throws -> Int {
        for _ in range {
            let port = range.lowerBound + next.wrappingAdd(1, ordering: .relaxed).oldValue % range.count
            if try isFree(port) { return port }
        }
        throw TestKitError("cannot find a free port in \(range)")
    }

    private static func isFree(_ port: Int) throws -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw TestKitError("cannot make a socket") }
        defer { close(descriptor) }
        let address = loopback(port: port)
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }

    /// Starts a server on `port`, or on a free one when that is nil; another free one is tried when somebody
    /// was faster.
    public static func withFree<Server>(or port: Int?, _ start: (Int) async throws -> Server) async throws -> (Int, Server) {
        if let port { return (port, try await start(port)) }
        for _ in 0..<4 {
            let port = try free()
            if let server = try? await start(port) { return (port, server) }
        }
        let port = try free()
        return (port, try await start(port))
    }

    /// Whether something accepts connections on `port` now.
    public static func accepts(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}

extension ServerProcess {
    /// Waits until the program accepts connections on a loopback port. Throws, with the program's
    /// output, when it ends before or has not done so within `limit`.
    public func waitUntilAccepting(_ port: Int, within limit: Duration = .seconds(20)) async throws {
        try await waitUntil("accepts connections on port \(port)", within: limit) { LoopbackPort.accepts(port) }
    }

    /// Waits until `condition` holds. Throws, with the program's output, when the program ends before or
    /// `limit` is over.
    public func waitUntil(
        _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !condition() {
            if let exit { throw TestKitError("the program ended (\(exit)) before it \(what): \(output.suffix(2_000))") }
            guard ContinuousClock.now < deadline else {
                throw TestKitError("the program has not within \(limit): \(what): \(output.suffix(2_000))")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
