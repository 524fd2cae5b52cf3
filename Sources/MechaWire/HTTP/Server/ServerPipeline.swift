import NIOCore
import NIOHTTP2
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
        after handler: HTTP1ServerConnection, shard: ListenerShard, to channel: any Channel, upgrade: HTTP2UpgradeAdapter? = nil
    ) throws -> HTTP2ServerConnection {
        let gate = HTTP2ByteGate(shard: shard, upgrade: upgrade)
        let connection = HTTP2ServerConnection(shard: shard, gate: gate)
        let codec = NIOHTTP2Handler(
            mode: .server, frameDelegate: connection, connectionConfiguration: connectionConfiguration(shard.limits),
            streamConfiguration: streamConfiguration(shard.limits))
        // The connection joins before the codec, which greets the peer as soon as it is added.
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(connection, position: .after(handler))
        try pipeline.addHandler(gate, position: .before(connection))
        try pipeline.addHandler(codec, position: .before(connection))
        return connection
    }

    private static func connectionConfiguration(_ limits: WireLimits) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streamsPerConnection),
            HTTP2Setting(parameter: .initialWindowSize, value: limits.streamWindowBytes),
            // Twice what is served: a block a little too large is answered (431) rather than cut off.
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytes * 2),
        ]
        configuration.maximumSequentialEmptyDataFrames = 8
        configuration.maximumSequentialContinuationFrames = limits.headerBytes / (16 << 10) + 2
        configuration.maximumBufferedControlFrames = 1_000
        configuration.maximumRecentlyResetStreams = 128
        // A lifetime count, which a long-lived connection would reach by harmless races; the rates below
        // bound the same abuse.
        configuration.maximumConnectionGlitches = 100_000
        configuration.controlFrameRateLimit.maximumCount = limits.controlFramesPer10Milliseconds
        configuration.controlFrameRateLimit.windowLength = .milliseconds(10)
        return configuration
    }

    private static func streamConfiguration(_ limits: WireLimits) -> NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        // The exact rule is ``ResetCounter``'s; this stops a burst within one tick of its clock.
        configuration.streamResetFrameRateLimit.maximumCount = max(limits.resetsPerWindow, 256)
        configuration.streamResetFrameRateLimit.windowLength = .milliseconds(50)
        return configuration
    }
}
