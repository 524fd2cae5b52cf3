import MechaWire
import NIOHTTP1

/// An HTTPEndpoint resource with everything resolved, as calls need it.
public struct HTTPEndpoint: Sendable, Hashable {
    public var name: String
    public var url: ServiceURL
    /// Sent with each call, in place of what the caller sends under these names.
    public var headers: [Header]
    /// How to speak TLS, where the URL asks for it; nil for the system's trust.
    public var tls: ClientTLS?

    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(name: String, url: ServiceURL, headers: [Header] = [], tls: ClientTLS? = nil) {
        self.name = name
        self.url = url
        self.headers = headers
        self.tls = tls
    }

    /// A URL that is called as it is.
    init(_ url: ServiceURL) { self.init(name: url.host, url: url) }

    /// The head of a call to `method` below the URL.
    func head(_ incoming: HTTPRequestHead, _ method: MethodPath, _ additions: RequestHeaders.Additions) -> HTTPRequestHead {
        var incoming = incoming
        for header in headers { incoming.headers.remove(name: header.name) }
        var additions = additions
        additions.isInsideMesh = false
        additions.more = headers.map { ($0.name, $0.value) }
        return RequestHeaders.head(incoming, target: url.basePath + method.target, additions)
    }
}
