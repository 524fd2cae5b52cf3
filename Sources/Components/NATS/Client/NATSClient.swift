import MechaCore
import MechaWire
import NIOCore
import NIOSSL
import Synchronization

/// NATS as components use it. A call made on an event loop runs on that loop's own connection, made when
/// first needed; a call from elsewhere is lent a loop. All errors are ``CapabilityError``.
final class NATSClient: Sendable {
    let configuration: NATSConfiguration
    let loops: [NATSLoop]
    private let statuses: Mutex<[ComponentStatus]>
    private let nextLoop = Atomic(0)
    private let tls: NATSTLSContext

    /// Does no I/O.
    init(configuration: NATSConfiguration, group: any EventLoopGroup) {
        self.configuration = configuration
        let tls = NATSTLSContext(configuration.tls)
        self.tls = tls
        loops = group.makeIterator().map { NATSLoop(loop: $0, configuration: configuration) { try tls.get() } }
        statuses = Mutex(Array(repeating: ComponentStatus(.connecting), count: loops.count))
    }

    /// Begins to connect and does not wait for it. Throws for certificates that cannot be used.
    func start() async throws {
        if !configuration.tls.certificate.isEmpty || !configuration.tls.authorities.isEmpty { _ = try tls.get() }
        for (index, loop) in loops.enumerated() {
            try await loop.loop.submit {
                loop.onStatusChange = { [weak self] status in self?.statuses.withLock { $0[index] = status } }
                if index == 0 { loop.wake() }
            }.get()
        }
    }

    func close() async {
        for loop in loops { try? await loop.loop.flatSubmit { loop.close() }.get() }
        statuses.withLock { statuses in
            for index in statuses.indices { statuses[index] = ComponentStatus(.closed) }
        }
    }

    /// Ready as soon as one loop has a connection.
    var status: ComponentStatus {
        statuses.withLock { statuses in
            statuses.first { $0.phase == .ready } ?? statuses.first { $0.reason != nil } ?? statuses.first ?? ComponentStatus(.closed)
        }
    }

    /// Sends a request and waits for its answer, over `home` or the caller's loop.
    func request(
        _ subject: String, headers: [(name: String, value: String)] = [], body: ByteBuffer, timeout: TimeAmount? = nil,
        home: NATSLoop? = nil
    ) async throws -> NATSMessage {
        let loop = home ?? pickLoop()
        return try await withUnsafeThrowingContinuation { continuation in
            if loop.loop.inEventLoop {
                return loop.request(subject, headers: headers, body: body, timeout: timeout, waiter: continuation)
            }
            loop.loop.execute {
                loop.request(subject, headers: headers, body: body, timeout: timeout, waiter: continuation)
            }
        }
    }

    /// A loop for work that is to stay on one: the caller's own, if it is ours.
    func pickLoop() -> NATSLoop {
        if let context = LoopContext.current, context.index < loops.count, loops[context.index].loop === context.loop {
            return loops[context.index]
        }
        return loops[nextLoop.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count]
    }
}
