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

extension Origin: CustomStringConvertible {
    /// The address as people write it.
    public var description: String {
        switch address {
        case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// What `host` and `:authority` say by default: without the scheme's own port, and `localhost` for a
    /// Unix socket.
    var authority: String {
        switch address {
        case .tcp(let host, let port) where port == (tls == nil ? 80 : 443):
            host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        case .tcp: description
        case .unix: "localhost"
        }
    }
}
