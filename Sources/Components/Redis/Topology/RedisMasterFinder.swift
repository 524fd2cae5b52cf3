import MechaCore
import NIOCore

/// Makes the connection of a single-server topology: asks the sentinels, or tries the addresses.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class RedisMasterFinder: @unchecked Sendable {
    private let loop: any EventLoop
    private let connector: RedisConnector
    /// What answered last comes first.
    private var candidates: [RedisAddress]
    private let masterName: String?

    /// `masterName` nil: the candidates are servers; else sentinels that know a master of that name.
    init(loop: any EventLoop, connector: RedisConnector, candidates: [RedisAddress], masterName: String?) {
        self.loop = loop
        self.connector = connector
        self.candidates = candidates
        self.masterName = masterName
    }

    func connect() -> EventLoopFuture<RedisConnection> {
        tryCandidate(0, lastError: CapabilityError(.misconfigured, "no Redis address is configured"))
    }

    private func tryCandidate(_ index: Int, lastError: any Error) -> EventLoopFuture<RedisConnection> {
        guard index < candidates.count else { return loop.makeFailedFuture(lastError) }
        let candidate = candidates[index]
        return connect(by: candidate)
            .map { connection in
                self.prefer(candidate)
                return connection
            }
            .flatMapError { self.tryCandidate(index + 1, lastError: $0) }
    }

    private func connect(by candidate: RedisAddress) -> EventLoopFuture<RedisConnection> {
        guard let masterName else {
            // A single address may be a replica on purpose; of several, one is the master.
            return connector.connect(to: candidate, as: candidates.count > 1 ? .master : .any, on: loop)
        }
        return askSentinel(candidate, masterName).flatMap { self.connector.connect(to: $0, as: .master, on: self.loop) }
    }

    private func askSentinel(_ sentinel: RedisAddress, _ masterName: String) -> EventLoopFuture<RedisAddress> {
        connector.connect(to: sentinel, as: .sentinel, on: loop).flatMap { connection in
            connection.request([["SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName]])
                .always { _ in connection.close(CapabilityError(.closed, "asked")) }
        }
        .flatMapThrowing { replies in
            switch replies.first {
            case .array(let parts)? where parts.count == 2:
                guard let host = parts[0].text, let port = parts[1].integerValue, 1...65535 ~= port else { break }
                return .host(host, port: Int(port))
            case .error(let error)?: throw CapabilityError(redis: error)
            default: break
            }
            throw CapabilityError(.unavailable, "the sentinel at \(sentinel) knows no master of the configured sentinelMasterName")
        }
    }

    private func prefer(_ candidate: RedisAddress) {
        guard candidates.first != candidate, let index = candidates.firstIndex(of: candidate) else { return }
        candidates.remove(at: index)
        candidates.insert(candidate, at: 0)
    }
}
