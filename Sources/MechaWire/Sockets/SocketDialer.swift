import MechaCore
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Makes TCP connections, with TLS where asked for, for drivers with a protocol of their own.
public struct SocketDialer: Sendable {
    public var host: String
    public var port: Int
    public var tls: SocketTLS?
    /// Until the connection is there, name resolution included.
    public var timeout: TimeAmount

    public init(host: String, port: Int, tls: SocketTLS?, timeout: TimeAmount) {
        self.host = host
        self.port = port
        self.tls = tls
        self.timeout = timeout
    }

    /// For messages: `127.0.0.1:1883`.
    public var peerName: String { ServerURL.name(host: host, port: port) }

    /// Connects and adds what `handler` makes behind TLS. Fails with ``CapabilityError`` (`unavailable`).
    public func connect(
        on loop: any EventLoop, _ handler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        let context: EventLoopFuture<NIOSSLContext?> =
            tls.map { $0.makeContext(on: loop).map { $0 } } ?? loop.makeSucceededFuture(nil)
        return context.flatMap { context in
            let bootstrap = ClientBootstrap(group: loop)
                .connectTimeout(timeout)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                // A driver that is idle most of the time shall not hold a large buffer.
                .channelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: 65536))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if let context {
                            try channel.pipeline.syncOperations.addHandler(try TLSClientHandler.make(context, for: host))
                        }
                        try channel.pipeline.syncOperations.addHandler(handler())
                    }
                }
            if let address = try? SocketAddress(ipAddress: host, port: port) { return bootstrap.connect(to: address) }
            return bootstrap.connect(host: host, port: port)
        }.flatMapErrorThrowing { error in
            throw CapabilityError(.unavailable, "no connection to \(peerName): \(Self.describe(error))", cause: error)
        }
    }

    /// What kept a connection from being made or ended it, in a few words.
    public static func describe(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            guard let attempt = error.connectionErrors.first else { return "the host name cannot be resolved" }
            return describe(attempt.error)
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: return "the server does not answer"
        case let error as CapabilityError: return error.message
        default: return String(describing: error)
        }
    }
}
