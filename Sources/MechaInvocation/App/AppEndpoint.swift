import MechaCore
import MechaWire

/// Where and how an app is called.
public struct AppEndpoint: Sendable, Hashable {
    public var app: AppAddress
    public var host: String
    public var port: Int
    public var appProtocol: AppProtocol
    /// Sent to the app as `dapr-api-token` (`APP_API_TOKEN`).
    public var token: String?

    public init(app: AppAddress, host: String = "127.0.0.1", port: Int, appProtocol: AppProtocol = .http, token: String? = nil) {
        self.app = app
        self.host = host
        self.port = port
        self.appProtocol = appProtocol
        self.token = token
    }

    /// The origin of the app. An app on this machine may sign its own certificate: it is not verified.
    var origin: Origin {
        var tls = ClientTLS()
        tls.verifiesPeer = false
        let address = Origin.Address.tcp(host: host, port: port)
        switch appProtocol {
        case .http: return Origin(address, version: .http1)
        case .https: return Origin(address, tls: tls)
        case .h2c, .grpc: return Origin(address, version: .http2)
        case .grpcs: return Origin(address, version: .http2, tls: tls)
        }
    }
}
