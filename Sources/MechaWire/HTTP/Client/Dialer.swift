import NIOCore
import NIOPosix
import NIOSSL

/// Makes connections to one origin, TLS and the choice of protocol included.
struct Dialer {
    private let origin: Origin
    private let owner: LoopClient

    init(origin: Origin, owner: LoopClient) {
        self.origin = origin
        self.owner = owner
    }

    /// Reports on the loop, never before this returned.
    func dial(for pool: OriginPool, _ completion: @escaping (Result<PooledConnection, WireError>) -> Void) {
        connect().flatMap { channel in
            secure(channel).flatMapThrowing { negotiated in
                do {
                    return try attach(to: channel, negotiated, pool)
                } catch {
                    channel.close(promise: nil)
                    throw error
                }
            }
        }
        .assumeIsolated()
        .whenComplete { result in completion(result.mapError(describe)) }
    }

    // MARK: - TCP and Unix sockets

    private func connect() -> EventLoopFuture<any Channel> {
        let limits = owner.limits
        let bootstrap = ClientBootstrap(group: owner.context.loop)
            .connectTimeout(limits.connectTimeout)
            .channelOption(
                .writeBufferWaterMark,
                value: .init(low: limits.outboundBufferLowBytes, high: limits.outboundBufferHighBytes))
        switch origin.address {
        case .tcp(let host, let port):
            // A literal address needs no resolver, whose thread would be woken for nothing.
            if let address = try? SocketAddress(ipAddress: host, port: port) { return bootstrap.connect(to: address) }
            return bootstrap.connect(host: host, port: port)
        case .unix(let path):
            return bootstrap.connect(unixDomainSocketPath: path)
        }
    }

    private func describe(_ error: any Error) -> WireError {
        if let known = error as? WireError { return known }
        if case .connectTimeout? = error as? ChannelError {
            return WireError(.connectFailed, "connecting to \(origin) timed out", cause: error)
        }
        if error is NIOSSLError || error is BoringSSLError {
            return WireError(.tlsFailed, "no TLS with \(origin): \(error)", cause: error)
        }
        return WireError(.connectFailed, "cannot connect to \(origin)", cause: error)
    }

    // MARK: - TLS

    /// The protocol that TLS agreed on; nil without TLS and without agreement.
    private func secure(_ channel: any Channel) -> EventLoopFuture<String?> {
        guard let tls = origin.tls else { return channel.eventLoop.makeSucceededFuture(nil) }
        let protocols: [String] =
            switch origin.version {
            case .automatic: ["h2", "http/1.1"]
            case .http1: ["http/1.1"]
            case .http2: ["h2"]
            }
        return owner.tlsContexts.context(for: tls, protocols: protocols, on: channel.eventLoop)
            .flatMap { context in handshake(context, serverName(tls), channel) }
            .flatMapErrorThrowing { error in
                channel.close(promise: nil)
                throw error
            }
    }

    private func handshake(
        _ context: NIOSSLContext, _ serverName: String, _ channel: any Channel
    ) -> EventLoopFuture<String?> {
        let promise = channel.eventLoop.makePromise(of: String?.self)
        let negotiation = TLSNegotiationHandler(promise: promise, timeout: owner.limits.connectTimeout)
        do {
            let handler = try TLSClientHandler.make(context, for: serverName)
            try channel.pipeline.syncOperations.addHandlers([handler, negotiation])
        } catch {
            promise.fail(error)
            return promise.futureResult
        }
        return promise.futureResult.assumeIsolated().flatMap { negotiated in
            channel.pipeline.syncOperations.removeHandler(negotiation).map { negotiated }
        }.nonisolated()
    }

    /// The name to ask for and to verify.
    private func serverName(_ tls: ClientTLS) -> String {
        switch origin.address {
        case .tcp(let host, _): tls.serverName ?? host
        case .unix: tls.serverName ?? "localhost"
        }
    }

    // MARK: - Protocol

    private func attach(to channel: any Channel, _ negotiated: String?, _ pool: OriginPool) throws -> PooledConnection {
        let isHTTP2 = origin.tls == nil ? origin.version == .http2 : negotiated == "h2"
        guard !isHTTP2 else {
            return .http2(try HTTP2ClientConnection.install(on: channel, pool: pool, limits: owner.limits))
        }
        guard origin.version != .http2 else {
            throw WireError(.tlsFailed, "\(origin) does not offer HTTP/2")
        }
        let connection = HTTP1ClientConnection(
            pool: pool, authority: origin.authority, headerLimit: owner.limits.headerBytes)
        try channel.pipeline.syncOperations.addHandler(connection)
        return .http1(connection)
    }
}
