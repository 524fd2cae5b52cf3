/// How a listener speaks TLS. Certificates and keys are PEM text.
public struct ServerTLS: Sendable, Hashable {
    public var certificateChain: String
    public var privateKey: String
    /// Roots that client certificates must chain to; nil asks for no client certificate.
    public var clientRoots: String?

    public init(certificateChain: String, privateKey: String, clientRoots: String? = nil) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.clientRoots = clientRoots
    }
}
