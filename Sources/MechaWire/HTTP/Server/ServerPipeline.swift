import NIOCore
import NIOSSL

/// Builds what an accepted connection goes through; the one place where the order of handlers is decided.
struct ServerPipeline {
    let shard: ListenerShard
    let tls: NIOSSLContext?
    let admission: ConnectionAdmission

    func install(on channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        guard admission.enter() else {
            shard.observer.limitExceeded(.connections)
            // In the clear the client is told; behind a TLS handshake the refusal would cost more than the service.
            return try pipeline.addHandler(ConnectionRefusal(isAnswered: tls == nil))
        }
        let admission = admission
        channel.closeFuture.whenComplete { _ in admission.leave() }
        // Next to the socket, so that everything after it sees plain bytes.
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        // HTTP/1.1 until the first bytes say otherwise; it puts the HTTP/2 handlers in its own place then.
        try pipeline.addHandler(HTTP1ServerConnection(shard: shard))
    }

    /// Adds what speaks HTTP/2 behind the handler that found out.
    static func addHTTP2(
        after handler: HTTP1ServerConnection, shard: ListenerShard, to channel: any Channel, upgrade: HTTP2Upgrade? = nil
    ) throws -> HTTP2ServerConnection {
        let connection = HTTP2ServerConnection(shard: shard, upgrade: upgrade)
        try channel.pipeline.syncOperations.addHandler(connection, position: .after(handler))
        return connection
    }
}
