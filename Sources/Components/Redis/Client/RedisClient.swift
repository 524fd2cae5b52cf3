import MechaCore
import MechaWire
import NIOCore
import Synchronization

/// Redis as components use it. A call made on an event loop runs on that loop's own connection and
/// comes back there; a call from elsewhere is lent a loop.
///
/// All errors are ``CapabilityError``; their messages carry no keys, values or passwords.
public final class RedisClient: Sendable {
    let configuration: RedisConfiguration
    private let loops: [RedisLoop]
    private let statuses: Mutex<[ComponentStatus]>
    private let nextLoop = Atomic(0)

    /// Does no I/O.
    public init(configuration: RedisConfiguration, group: any EventLoopGroup) {
        self.configuration = configuration
        loops = group.makeIterator().map { RedisLoop(loop: $0) }
        statuses = Mutex(Array(repeating: ComponentStatus(.connecting), count: loops.count))
    }

    /// Begins to connect and does not wait for it. Throws when the TLS configuration cannot be used.
    public func start() async throws {
        let connector: RedisConnector
        do {
            connector = try RedisConnector(configuration: configuration)
        } catch {
            throw CapabilityError(.misconfigured, "the TLS configuration cannot be used: \(error)", cause: error)
        }
        for (index, loop) in loops.enumerated() {
            try await loop.loop.submit {
                loop.start(self.configuration, connector) { [weak self] status in
                    self?.statuses.withLock { $0[index] = status }
                } onReachable: { [weak self] in
                    self?.retryNow()
                }
                if index == 0 { loop.wake() }
            }.get()
        }
    }

    /// Finishes what is in flight. Later calls fail with `closed`.
    public func close() async {
        for loop in loops {
            try? await loop.loop.flatSubmit { loop.close() }.get()
        }
        statuses.withLock { statuses in
            for index in statuses.indices { statuses[index] = ComponentStatus(.closed) }
        }
    }

    /// Ready as soon as one loop has a connection; the others make theirs when they first need it.
    public var status: ComponentStatus {
        statuses.withLock { statuses in
            if let ready = statuses.first(where: { $0.phase == .ready }) { return ready }
            return statuses.first { $0.reason != nil } ?? statuses.first ?? ComponentStatus(.closed)
        }
    }

    // MARK: - Calls

    /// Sends one or more commands about a key, in one piece, and waits for their replies.
    ///
    /// - Parameters:
    ///   - key: tells the server in a cluster; all keys of the commands must have its slot. Nil for any server.
    ///   - replies: how many commands `encode` writes.
    ///   - timeout: nil for the configured `readTimeout`.
    ///   - encode: writes the commands; may be called again after a redirect.
    public func call(
        key: String?, lane: RedisLane = .shared, replies: Int = 1, timeout: TimeAmount? = nil,
        _ encode: (inout RESPWriter) -> Void
    ) async throws -> RedisReplies {
        try await call(key: key, lane: lane, home: nil, replies: replies, timeout: timeout, encode)
    }

    /// The same over the connections of a certain loop, `home`, wherever it is called from.
    func call(
        key: String?, lane: RedisLane, home: RedisLoop?, replies: Int = 1, timeout: TimeAmount? = nil,
        _ encode: (inout RESPWriter) -> Void
    ) async throws -> RedisReplies {
        guard isCluster else { return try await submit(.any, lane: lane, home: home, replies: replies, timeout: timeout, encode) }
        let target = key.map { RedisTarget.slot(RedisSlot(key: $0)) } ?? .any
        return try await callFollowingRedirects(target, lane: lane, home: home, replies: replies, timeout: timeout, encode)
    }

    /// Sends one command and reads its reply as a tree. Throws the server's error as a ``CapabilityError``.
    public func command(_ parts: [String], key: String?) async throws -> RESPValue {
        let replies = try await call(key: key) { $0.command(parts) }
        return try values(replies)[0]
    }

    /// The same for a certain server (``keyHolders()``).
    func command(_ parts: [String], at target: RedisTarget) async throws -> RESPValue {
        let replies = try await submit(target, lane: .shared, replies: 1, timeout: nil) { $0.command(parts) }
        return try values(replies)[0]
    }

    /// Every server that holds keys.
    func keyHolders() async throws -> [RedisTarget] {
        let loop = currentLoop ?? lendLoop()
        return try await loop.loop.flatSubmit { loop.keyHolders() }.get()
    }

    /// Runs a script whose only keys have the slot of `key`.
    ///
    /// - Parameter encode: writes the keys and arguments, as many as announced.
    func run(
        _ script: RedisScript, key: String, keys: Int = 1, arguments: Int, lane: RedisLane = .shared,
        _ encode: (inout RESPWriter) -> Void
    ) async throws -> RedisReplies {
        let replies = try await call(key: key, lane: lane) { writer in
            writer.begin(script, whole: false, keys: keys, arguments: arguments)
            encode(&writer)
        }
        guard replies.containsError, case .error(let error)? = try? replies.values().first, error.kind == "NOSCRIPT" else {
            return replies
        }
        return try await call(key: key, lane: lane) { writer in
            writer.begin(script, whole: true, keys: keys, arguments: arguments)
            encode(&writer)
        }
    }

    // MARK: - Errors

    /// Every reply as a tree; throws the first error among them.
    func values(_ replies: RedisReplies) throws(CapabilityError) -> [RESPValue] {
        let values: [RESPValue]
        do throws(RESPError) { values = try replies.values() } catch { throw CapabilityError(redis: error) }
        if replies.containsError {
            for case .error(let error) in values { throw failure(error) }
        }
        return values
    }

    /// The error to report for one that a server answered. A server that turns out to be a replica is
    /// left for the master.
    func failure(_ error: RedisServerError) -> CapabilityError {
        let failure = CapabilityError(redis: error)
        if error.kind == "READONLY" {
            for loop in loops {
                loop.loop.execute { loop.serverIsWrong(.any, failure) }
            }
        }
        return failure
    }

    // MARK: - Loops

    func submit(
        _ target: RedisTarget, lane: RedisLane, home: RedisLoop? = nil, replies: Int, timeout: TimeAmount?,
        _ encode: (inout RESPWriter) -> Void
    ) async throws -> RedisReplies {
        try await withUnsafeThrowingContinuation { continuation in
            send(target, lane, home, replies, timeout, .call(continuation), encode)
        }
    }

    /// Apart, since what stands in an async function stays in its frame until the reply is there.
    @inline(never)
    private func send(
        _ target: RedisTarget, _ lane: RedisLane, _ home: RedisLoop?, _ replies: Int, _ timeout: TimeAmount?, _ waiter: RedisWaiter,
        _ encode: (inout RESPWriter) -> Void
    ) {
        if let here = home.map({ $0.loop.inEventLoop ? $0 : nil }) ?? currentLoop {
            return here.send(to: target, lane: lane, replies: replies, timeout: timeout, waiter: waiter, encode)
        }
        var writer = RESPWriter()
        writer.isAsking = target.isAsking
        encode(&writer)
        let bytes = writer.buffer
        let loop = home ?? lendLoop()
        loop.loop.execute {
            loop.send(to: target, lane: lane, replies: replies, timeout: timeout, waiter: waiter) { $0.append(bytes) }
        }
    }

    /// One loop has reached the server: the others need not sit out their pauses, in which their calls would fail.
    private func retryNow() {
        for loop in loops {
            loop.loop.execute { loop.retryNow() }
        }
    }

    /// A loop for work that is to stay on one: the caller's own, if it is ours.
    func pickLoop() -> RedisLoop { currentLoop ?? lendLoop() }

    private var currentLoop: RedisLoop? {
        guard let context = LoopContext.current, context.index < loops.count else { return nil }
        let loop = loops[context.index]
        return loop.loop === context.loop ? loop : nil
    }

    private func lendLoop() -> RedisLoop {
        loops[nextLoop.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count]
    }
}
