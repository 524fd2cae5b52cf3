/// Everything that the client needs to know of the servers.
struct NATSConfiguration: Sendable {
    var addresses: [NATSAddress]
    /// What the server's list of connections shows.
    var clientName = "mecha"
    var user: String?
    var password: String?
    var token: String?
    var jwt: String?
    var key: NATSKey?
    /// Always there, for a server may demand TLS; the context is made only then.
    var tls = NATSTLS()
    var limits = NATSLimits()

    init(addresses: [NATSAddress]) { self.addresses = addresses }
}
