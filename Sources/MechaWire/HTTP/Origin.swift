/// Whom an outgoing request goes to: one pool of connections per origin and loop.
public struct Origin: Sendable, Hashable {
    public enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    public enum HTTPVersion: Sendable, Hashable {
        /// HTTP/1.1 (in the clear), or what ALPN chooses (over TLS).
        case automatic
        /// HTTP/1.1 only.
        case http1
        /// HTTP/2 with prior knowledge (in the clear) or required by ALPN (over TLS).
        case http2
    }

    public var address: Address
    public var version: HTTPVersion
    /// Nil for no TLS.
    public var tls: ClientTLS?

    public init(_ address: Address, version: HTTPVersion = .automatic, tls: ClientTLS? = nil) {
        self.address = address
        self.version = version
        self.tls = tls
    }
}

/// How to speak TLS to a server. Certificates and keys are PEM text.
public struct ClientTLS: Sendable, Hashable {
    /// Name to verify and to send as SNI; nil for the origin's host.
    public var serverName: String?
    /// Trust roots; nil for the system's.
    public var rootCertificates: String?
    public var certificateChain: String?
    public var privateKey: String?
    /// False accepts any certificate; only where the user's configuration says so.
    public var verifiesPeer = true

    public init() {}
}

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
