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

    /// Lengths stand for the long texts: origins are hashed for every request whose pool is not the
    /// latest, and equality tells the rest.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(serverName)
        hasher.combine(rootCertificates?.utf8.count)
        hasher.combine(certificateChain?.utf8.count)
        hasher.combine(verifiesPeer)
    }
}
