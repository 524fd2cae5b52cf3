import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A listening socket and the connections made to it.
///
/// Connections are spread over all loops of the process; one that arrived on a loop stays there with
/// everything it asks for.
public final class HTTPListener: Sendable {
    private let channel: any Channel
    private let shards: [ListenerShard]
    private let socketFile: UnixSocketFile?

    private init(channel: any Channel, shards: [ListenerShard], socketFile: UnixSocketFile?) {
        self.channel = channel
        self.shards = shards
        self.socketFile = socketFile
    }

    /// Opens a listener. Throws ``WireError/Code/bindFailed`` with a message for people, or
    /// ``WireError/Code/tlsFailed`` when certificate or key cannot be used.
    public static func start(
        _ options: ListenerOptions, loops: EventLoops, service: any HTTPService, observer: any WireObserver = SilentWireObserver()
    ) async throws -> HTTPListener {
        let tls = try options.tls.map { try $0.makeContext(isHTTP2Enabled: options.isHTTP2Enabled) }
        let shards = loops.contexts.map { ListenerShard(context: $0, service: service, observer: observer, options: options) }
        let admission = ConnectionAdmission(limit: options.limits.connections)
        let limits = options.limits

        let bootstrap = ServerBootstrap(group: loops.group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .writeBufferWaterMark, value: .init(low: limits.outboundBufferLowBytes, high: limits.outboundBufferHighBytes)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let shard = shards[loops.context(of: channel.eventLoop).index]
                    try ServerPipeline(shard: shard, tls: tls, admission: admission).install(on: channel)
                }
            }

        switch options.address {
        case .tcp(let host, let port):
            do {
                // "localhost" may resolve to ::1 alone, which no client that dials 127.0.0.1 would find.
                let channel = try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .bind(host: host == "localhost" ? "127.0.0.1" : host, port: port).get()
                return HTTPListener(channel: channel, shards: shards, socketFile: nil)
            } catch {
                throw BindFailure.error(for: error, host: host, port: port)
            }
        case .unix(let path):
            let file = UnixSocketFile(path: path)
            try file.clearStale()
            do {
                let channel = try await bootstrap.bind(unixDomainSocketPath: path).get()
                file.bound()
                return HTTPListener(channel: channel, shards: shards, socketFile: file)
            } catch {
                throw BindFailure.error(for: error, path: path)
            }
        }
    }

    /// The address that was bound, with the port that was chosen.
    public var boundAddress: SocketAddress? { channel.localAddress }

    /// The port of a TCP listener.
    public var port: Int? { channel.localAddress?.port }

    /// Accepts no more connections, tells clients to go elsewhere (`connection: close`, GOAWAY), waits
    /// for the exchanges under way, and closes; what is not done after `limit` is cut off.
    public func drain(within limit: Duration) async {
        await stopAccepting()
        let drained = shards.map { shard in
            shard.context.loop.flatSubmit { shard.drain(within: TimeAmount(limit)) }
        }
        for future in drained { try? await future.get() }
    }

    /// Closes the listener and all its connections now.
    public func close() async {
        await stopAccepting()
        for shard in shards { try? await shard.context.loop.submit { shard.closeAll() }.get() }
    }

    private func stopAccepting() async {
        try? await channel.close().get()
        socketFile?.remove()
    }
}
