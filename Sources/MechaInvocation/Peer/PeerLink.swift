import MechaCore
import MechaWire
import NIOHTTP1

/// The form of calls between runtimes: the call itself over HTTP/2, with a few headers that say whom it is
/// for. One connection per loop and peer carries all of them.
enum PeerLink {
    static func origin(_ endpoint: PeerEndpoint, tls: ClientTLS?) -> Origin {
        Origin(.tcp(host: endpoint.host, port: endpoint.port), version: .http2, tls: tls)
    }

    /// What a call says beside its own headers.
    static func marks(for callee: AppAddress, _ form: Form, typeURL: String = "") -> [(String, String)] {
        var marks: [(String, String)] = []
        if !callee.namespace.isEmpty { marks.append((HeaderName.calleeNamespace, callee.namespace)) }
        if form != .http { marks.append((HeaderName.callKind, form.rawValue)) }
        if !typeURL.isEmpty { marks.append((HeaderName.typeURL, typeURL)) }
        return marks
    }

    /// What a call between runtimes is.
    enum Form: String {
        /// As an HTTP caller made it.
        case http
        /// A gRPC call for the app itself.
        case grpc
        /// InvokeService: the headers are metadata, and the verb is the one that the caller named.
        case metadata
        /// The same without a verb.
        case verbless
    }

    static func callee(of headers: HTTPHeaders) -> AppAddress? {
        headers.first(name: HeaderName.calleeAppID).map {
            AppAddress(appID: $0, namespace: headers.first(name: HeaderName.calleeNamespace) ?? "")
        }
    }

    static func caller(of headers: HTTPHeaders) -> AppAddress? {
        headers.first(name: HeaderName.callerAppID).map {
            AppAddress(appID: $0, namespace: headers.first(name: HeaderName.callerNamespace) ?? "")
        }
    }

    static func form(of headers: HTTPHeaders) -> Form {
        headers.first(name: HeaderName.callKind).flatMap(Form.init(rawValue:)) ?? .http
    }
}
