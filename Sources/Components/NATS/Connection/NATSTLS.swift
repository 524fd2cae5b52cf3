import MechaCore
import NIOSSL

/// How to speak TLS with a server. Certificates are PEM texts or paths of files with them.
struct NATSTLS: Sendable {
    var certificate = ""
    var key = ""
    /// Trusted instead of the system's; empty for the system's.
    var authorities = ""
    var skipsVerification = false

    /// Reads files and the trust roots; to be kept by the caller. Throws ``CapabilityError`` (`misconfigured`).
    func makeContext() throws(CapabilityError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if skipsVerification { configuration.certificateVerification = .none }
        if !authorities.isEmpty {
            configuration.trustRoots = .certificates(try Self.read("tls_ca_cert") { try Self.certificates(authorities) })
        }
        if !certificate.isEmpty {
            configuration.certificateChain = try Self.read("tls_client_cert") { try Self.certificates(certificate) }.map {
                .certificate($0)
            }
            configuration.privateKey = .privateKey(
                try Self.read("tls_client_key") {
                    try Self.isPEM(key) ? NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem) : NIOSSLPrivateKey(file: key, format: .pem)
                })
        }
        return try Self.read("TLS") { [configuration] in try NIOSSLContext(configuration: configuration) }
    }

    private static func certificates(_ text: String) throws -> [NIOSSLCertificate] {
        try isPEM(text) ? NIOSSLCertificate.fromPEMBytes(Array(text.utf8)) : NIOSSLCertificate.fromPEMFile(text)
    }

    private static func isPEM(_ text: String) -> Bool { text.contains("-----BEGIN") }

    private static func read<Value>(_ field: String, _ body: () throws -> Value) throws(CapabilityError) -> Value {
        do {
            return try body()
        } catch {
            throw CapabilityError(
                .misconfigured, "metadata \(field) cannot be used: expected PEM, or the path of a file with it", cause: error)
        }
    }
}
