import NIOSSL

extension ServerTLS {
    /// What the TLS handlers of a listener share. Throws ``WireError/Code/tlsFailed``.
    func makeContext(isHTTP2Enabled: Bool) throws(WireError) -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificateChain.utf8)).map { NIOSSLCertificateSource.certificate($0) }
            let key = try NIOSSLPrivateKey(bytes: Array(privateKey.utf8), format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = isHTTP2Enabled ? ["h2", "http/1.1"] : ["http/1.1"]
            if let clientRoots {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientRoots.utf8)))
                // Clients are known by their roots; the names in their certificates are the service's matter.
                configuration.certificateVerification = .noHostnameVerification
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw WireError(.tlsFailed, "the certificate, key or client roots cannot be used", cause: error)
        }
    }
}
