import MechaCore
import NIOCore
import NIOSSL

/// How to speak TLS with a server. PEM texts are checked when this is made; nothing is read from disk
/// but the system's trust roots, at the first use.
public struct RedisTLS: Sendable {
    private let configuration: TLSConfiguration

    /// Throws ``MetadataError`` naming the field that cannot be used.
    ///
    /// - Parameters:
    ///   - certificate: the client's certificate chain, PEM; empty for none.
    ///   - key: its private key, PEM.
    ///   - authorities: certificates that are trusted instead of the system's, PEM; empty for the system's.
    ///   - skipsVerification: accepts any certificate.
    public init(certificate: String, key: String, authorities: String, skipsVerification: Bool) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if skipsVerification { configuration.certificateVerification = .none }
        if !authorities.isEmpty {
            configuration.trustRoots = .certificates(try Self.certificates(authorities, field: "caCert"))
        }
        switch (certificate.isEmpty, key.isEmpty) {
        case (true, true): break
        case (false, false):
            configuration.certificateChain = try Self.certificates(certificate, field: "clientCert").map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.privateKey(key))
        case (false, true): throw MetadataError(field: "clientKey", problem: "is missing", expected: "the key of clientCert")
        case (true, false): throw MetadataError(field: "clientCert", problem: "is missing", expected: "the certificate of clientKey")
        }
        self.configuration = configuration
    }

    private static func certificates(_ pem: String, field: String) throws -> [NIOSSLCertificate] {
        do {
            return try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8))
        } catch {
            throw MetadataError(field: field, problem: "cannot be read", expected: "one or more certificates in PEM form")
        }
    }

    private static func privateKey(_ pem: String) throws -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem)
        } catch {
            throw MetadataError(field: "clientKey", problem: "cannot be read", expected: "a private key in PEM form")
        }
    }

    /// Loads the trust roots; to be kept by the caller, for this takes milliseconds and memory.
    func makeContext() throws -> NIOSSLContext { try NIOSSLContext(configuration: configuration) }
}
