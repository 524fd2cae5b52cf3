import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// TLS contexts by configuration, shared by all loops: reading trust roots takes milliseconds and memory,
/// so it is done once per configuration and never on an event loop.
final class ClientTLSContexts: Sendable {
    private struct Key: Hashable {
        var tls: ClientTLS
        var protocols: [String]
    }

    /// Configurations beyond this many push the others out.
    private static let contextsAtMost = 64

    private let contexts = Mutex<[Key: NIOSSLContext]>([:])

    /// The context for `tls` that offers `protocols` by ALPN. Fails with ``WireError/Code/tlsFailed`` when
    /// a certificate or key cannot be used.
    func context(
        for tls: ClientTLS, protocols: [String], on loop: any EventLoop
    ) -> EventLoopFuture<NIOSSLContext> {
        let key = Key(tls: tls, protocols: protocols)
        if let known = contexts.withLock({ $0[key] }) { return loop.makeSucceededFuture(known) }
        return NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [self] in
            let context = try NIOSSLContext(configuration: Self.configuration(key))
            contexts.withLock { contexts in
                if contexts.count >= Self.contextsAtMost { contexts.removeAll() }
                contexts[key] = context
            }
            return context
        }
    }

    private static func configuration(_ key: Key) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = key.protocols
        configuration.minimumTLSVersion = .tlsv12
        if !key.tls.verifiesPeer { configuration.certificateVerification = .none }
        if let roots = key.tls.rootCertificates {
            configuration.trustRoots = .certificates(try certificates(roots, "trust roots"))
        }
        if let chain = key.tls.certificateChain {
            configuration.certificateChain = try certificates(chain, "client certificate").map { .certificate($0) }
        }
        if let text = key.tls.privateKey {
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(text.utf8), format: .pem))
            } catch {
                throw WireError(.tlsFailed, "the client's private key is not a PEM key", cause: error)
            }
        }
        return configuration
    }

    private static func certificates(_ pem: String, _ role: String) throws(WireError) -> [NIOSSLCertificate] {
        do {
            return try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8))
        } catch {
            throw WireError(.tlsFailed, "the \(role) are not PEM certificates", cause: error)
        }
    }
}
