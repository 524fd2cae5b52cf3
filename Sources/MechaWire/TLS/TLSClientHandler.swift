import NIOCore
import NIOSSL

/// Makes the TLS handler of a connection to a server: the one place that decides which name is asked for and checked.
package enum TLSClientHandler {
    /// A handler that lets nothing out before the server has shown a certificate of `name`, unless `context` verifies nothing.
    ///
    /// NIOSSL also takes a certificate of the peer's address for one of the name, with which whoever has a certificate of
    /// some address could stand for every name that resolves to it; so the name is checked again here.
    ///
    /// - Parameter name: host name or IP address that was asked for; nil (a Unix socket) leaves the name unchecked.
    package static func make(_ context: NIOSSLContext, for name: String?) throws -> NIOSSLClientHandler {
        let isAddress = name.map { (try? SocketAddress(ipAddress: $0, port: 0)) != nil } ?? true
        // TLS has no field for addresses.
        let serverName = isAddress ? nil : name
        guard let name, context.configuration.certificateVerification != .none else {
            return try NIOSSLClientHandler(context: context, serverHostname: serverName)
        }
        return try NIOSSLClientHandler._makeSSLClientHandler(context: context, serverHostname: serverName) { certificate, channel in
            channel.eventLoop.makeCompletedFuture {
                guard CertificateName.isCertified(name, by: certificate) else {
                    throw WireError(.tlsFailed, "the server's certificate is not one of \(name)")
                }
            }
        }
    }
}
