import NIOCore
import NIOPosix

/// A TCP proxy in front of a server of a test that breaks connections on demand: cut at once, cut in the
/// middle of a message, stalled, slowed down, refused.
///
/// All its state lives on one event loop; every member may be called from anywhere.
public final class FaultProxy: Sendable {
    /// Which way bytes flow.
    public enum Direction: Sendable { case toServer, toClient }

    public let port: Int
    private let listener: any Channel
    private let switchboard: FaultSwitchboard

    /// Listens on a free loopback port and passes everything on to `serverPort`, whose server need not be
    /// there yet.
    public init(to serverPort: Int) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let switchboard = FaultSwitchboard(loop: loop, serverPort: serverPort)
        listener = try await ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                client.eventLoop.makeCompletedFuture { try switchboard.accepted(client) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
        self.switchboard = switchboard
    }

    deinit {
        listener.close(promise: nil)
        switchboard.loop.execute { [switchboard] in switchboard.cutAll() }
    }

    /// Connections that were accepted since the start.
    public var acceptedCount: Int {
        get async { await run { $0.accepted } }
    }

    /// Connections that are open now.
    public var openCount: Int {
        get async { await run { $0.links.count } }
    }

    /// Cuts every open connection. New ones are served.
    public func cut() async { await run { $0.cutAll() } }

    /// Lets so many further bytes of each connection pass in one direction (connections to come
    /// included), then cuts it: in the middle of a message, as networks do. Happens once per call.
    public func cut(after bytes: Int, _ direction: Direction) async {
        await run { $0.armCut(after: bytes, direction) }
    }

    /// Accepts connections and closes them at once while true; open ones stay.
    public func refuse(_ isRefusing: Bool) async { await run { $0.isRefusing = isRefusing } }

    /// Passes nothing on while true: connections stay open and silent.
    public func stall(_ isStalled: Bool) async { await run { $0.setStalled(isStalled) } }

    /// Holds back every piece for so long before it passes on; zero ends it.
    public func delay(_ duration: Duration) async {
        let (seconds, attoseconds) = duration.components
        await run { $0.delay = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000) }
    }

    private func run<Value: Sendable>(_ body: @escaping @Sendable (FaultSwitchboard) -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            switchboard.loop.execute { [switchboard] in continuation.resume(returning: body(switchboard)) }
        }
    }
}
