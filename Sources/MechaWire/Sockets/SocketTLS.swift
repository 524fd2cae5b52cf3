import MechaCore
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// How a driver speaks TLS with its server. PEM texts are checked when this is made; the system's trust roots
/// are read at the first use, off the event loops, and kept.
public final class SocketTLS: Sendable {
    private let configuration: TLSConfiguration
    private let context = Mutex<NIOSSLContext?>(nil)

    /// Reads the metadata fields that brokers have in common: `caCert`, `clientCert`, `clientKey`, all PEM.
    /// Throws ``MetadataError`` naming the field that cannot be used.
    ///
    /// - Parameter skipsVerification: accepts any certificate of the server.
    public init(_ metadata: ComponentMetadata, skipsVerification: Bool = false) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if skipsVerification { configuration.certificateVerification = .none }
        if let authorities = metadata.string("caCert") {
            configuration.trustRoots = .certificates(try Self.certificates(authorities, field: "caCert"))
        }
        switch (metadata.string("clientCert"), metadata.string("clientKey")) {
        case (nil, nil): break
        case (let certificate?, let key?):
            configuration.certificateChain = try Self.certificates(certificate, field: "clientCert").map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.privateKey(key))
        case (_?, nil): throw MetadataError(field: "clientKey", problem: "is missing", expected: "the key of clientCert")
        case (nil, _?): throw MetadataError(field: "clientCert", problem: "is missing", expected: "the certificate of clientKey")
        }
        self.configuration = configuration
    }

    /// The fields that ``init(_:skipsVerification:)`` reads.
    public static let fields: [MetadataField] = [
        MetadataField("caCert", .string, "Certificates in PEM form that are trusted instead of the system's"),
        MetadataField("clientCert", .string, "Client certificate in PEM form"),
        MetadataField("clientKey", .string, secret: true, "Private key of the client certificate in PEM form"),
    ]

    private static func certificates(_ pem: String, field: String) throws -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)), !certificates.isEmpty else {
            throw MetadataError(field: field, problem: "cannot be read", expected: "one or more certificates in PEM form")
        }
        return certificates
    }

    private static func privateKey(_ pem: String) throws -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem)
        } catch {
            throw MetadataError(field: "clientKey", problem: "cannot be read", expected: "a private key in PEM form")
        }
    }

    func makeContext(on loop: any EventLoop) -> EventLoopFuture<NIOSSLContext> {
        if let context = context.withLock({ $0 }) { return loop.makeSucceededFuture(context) }
        return NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [self] in
            let made = try NIOSSLContext(configuration: configuration)
            context.withLock { $0 = made }
            return made
        }
    }
}
