import MechaCore
import MechaWire
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

/// Makes connections that are ready for requests: TCP or Unix socket, TLS, hello.
struct RedisConnector: Sendable {
    private let configuration: RedisConfiguration
    private let tlsContext: NIOSSLContext?

    /// Throws when the TLS configuration cannot be used.
    init(configuration: RedisConfiguration) throws {
        self.configuration = configuration
        tlsContext = try configuration.tls?.makeContext()
    }

    /// Fails with a ``CapabilityError`` that says what went wrong, after `dialTimeout` at the latest.
    func connect(to address: RedisAddress, as role: RedisHandshake.Role, on loop: any EventLoop) -> EventLoopFuture<RedisConnection> {
        let connection = RedisConnection(loop: loop, settings: settings(for: address))
        let deadline = loop.scheduleTask(in: configuration.dialTimeout) {
            connection.close(CapabilityError(.timeout, "Redis at \(address) did not greet in time (dialTimeout)"))
        }
        return open(address, connection)
            .flatMapErrorThrowing { error in
                throw CapabilityError(.unavailable, "Redis at \(address): \(describeConnectFailure(error))", cause: error)
            }
            .flatMap { _ in
                greet(connection, RedisHandshake(configuration: configuration, role: role))
            }
            .map { _ in
                connection.startKeepAlive()
                return connection
            }
            .flatMapErrorThrowing { error in
                let failure =
                    error as? CapabilityError
                    ?? CapabilityError(.unavailable, "Redis at \(address): \(describeConnectFailure(error))", cause: error)
                connection.close(failure)
                throw failure
            }
            .always { _ in deadline.cancel() }
    }

    private func settings(for address: RedisAddress) -> RedisConnection.Settings {
        RedisConnection.Settings(
            readTimeout: configuration.readTimeout, writeTimeout: configuration.writeTimeout,
            limits: configuration.limits, peerName: String(describing: address))
    }

    private func open(_ address: RedisAddress, _ connection: RedisConnection) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: connection.loop)
            .connectTimeout(configuration.dialTimeout)
            .channelOption(ChannelOptions.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Outermost: everything else sees plain bytes.
                    if let tlsContext {
                        let handler = try TLSClientHandler.make(tlsContext, for: address.serverName)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
        return switch address {
        case .host(let host, let port): bootstrap.connect(host: host, port: port)
        case .unixSocket(let path): bootstrap.connect(unixDomainSocketPath: path)
        }
    }

    private func greet(_ connection: RedisConnection, _ handshake: RedisHandshake) -> EventLoopFuture<Void> {
        var handshake = handshake
        return converse(connection, handshake.begin(), handshake)
    }

    private func converse(
        _ connection: RedisConnection, _ commands: [[String]], _ handshake: RedisHandshake
    ) -> EventLoopFuture<Void> {
        connection.request(commands).flatMap { replies in
            var handshake = handshake
            do throws(CapabilityError) {
                switch try handshake.received(replies) {
                case .done: return connection.loop.makeSucceededVoidFuture()
                case .send(let commands): return converse(connection, commands, handshake)
                }
            } catch {
                return connection.loop.makeFailedFuture(error)
            }
        }
    }
}

extension RedisAddress {
    /// The name to ask for and to check in TLS; nil where there is none.
    fileprivate var serverName: String? {
        if case .host(let host, _) = self { host } else { nil }
    }
}

/// What kept a connection from being made, in a few words.
private func describeConnectFailure(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
        guard let attempt = error.connectionErrors.first else { return "the host name cannot be resolved" }
        return describeConnectFailure(attempt.error)
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout: return "no connection within the dialTimeout"
    case let error as RESPError: return error.description
    default: return String(describing: error)
    }
}
