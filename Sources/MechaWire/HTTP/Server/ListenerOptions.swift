import NIOCore

/// How a listener is to be opened.
public struct ListenerOptions: Sendable {
    public enum Address: Sendable, Hashable {
        /// Port 0 picks a free one.
        case tcp(host: String, port: Int)
        /// A socket file of a dead process is replaced; permissions are 0600 unless the folder says more.
        case unix(path: String)
    }

    public var address: Address
    public var tls: ServerTLS?
    /// False serves HTTP/1.1 only.
    public var isHTTP2Enabled = true
    public var limits = WireLimits()

    public init(_ address: Address, tls: ServerTLS? = nil) {
        self.address = address
        self.tls = tls
    }
}
