import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1

/// The HTTP request that a request of the binding means.
struct HTTPBindingCall {
    static let maximumRedirects = 10

    var method: HTTPMethod
    var url: WebURL
    var headers: HTTPHeaders
    var body: ByteBuffer?
    /// The header of the component's security token, which other hosts must not see.
    private let secretHeader: String?

    init(_ request: BindingRequest, _ settings: HTTPBindingSettings) throws(CapabilityError) {
        method = request.operation.lowercased() == "create" ? .POST : HTTPMethod(rawValue: request.operation.uppercased())
        secretHeader = settings.securityToken == nil ? nil : settings.securityTokenHeader
        url = try Self.url(request, settings)
        switch method {
        case .PUT, .POST, .PATCH: body = request.data
        default: body = nil
        }
        headers = HTTPHeaders()
        if let user = url.userInfo {
            headers.add(name: "Authorization", value: "Basic \(Base64.encode(PercentCoding.lenientBytes(of: user)))")
        }
        if body != nil { headers.add(name: "Content-Type", value: "application/json; charset=utf-8") }
        headers.add(name: "Accept", value: "application/json; charset=utf-8")
        if let token = settings.securityToken, let name = settings.securityTokenHeader { headers.replaceOrAdd(name: name, value: token) }
        for (name, value) in request.metadata {
            // The runtime's own trace context, in small letters, goes before what the app says.
            let isTrace = ["traceparent", "tracestate", "baggage"].contains(name)
            guard isTrace ? !value.isEmpty : name.first?.isUppercase == true && name.first?.isASCII == true else { continue }
            if !isTrace,
                ["traceparent", "tracestate", "baggage"].contains(where: {
                    $0 == name.lowercased() && request.metadata[$0]?.isEmpty == false
                })
            {
                continue
            }
            guard Self.isLegal(name: name, value: value) else {
                throw CapabilityError(
                    .invalidArgument, "metadata \"\(name)\" cannot be a header: its name or value has characters that none may have")
            }
            headers.replaceOrAdd(name: name, value: value)
        }
    }

    private static func url(_ request: BindingRequest, _ settings: HTTPBindingSettings) throws(CapabilityError) -> WebURL {
        guard let path = request.value("path"), !path.isEmpty else { return settings.url }
        var base = settings.urlText[...]
        while base.last == "/" { base.removeLast() }
        guard let url = WebURL(base + "/" + path.drop { $0 == "/" }), url.origin == settings.url.origin else {
            throw CapabilityError(.invalidArgument, "metadata path does not make a URL with the component's url")
        }
        return url
    }

    private static func isLegal(name: String, value: String) -> Bool {
        name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        } && value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
    }

    func request(_ settings: HTTPBindingSettings) -> ClientRequest {
        let origin = Origin(.tcp(host: url.host, port: url.port), tls: url.isSecure ? settings.tls : nil)
        var request = ClientRequest(method, url.target, at: origin, headers: headers, body: body)
        request.responseBodyLimitBytes = settings.maximumResponseBytes
        return request
    }

    /// The call that a redirecting response asks for; nil for any other response.
    func redirected(by response: ClientResponse) throws(CapabilityError) -> HTTPBindingCall? {
        let keepsMethod: Bool
        switch response.status.code {
        case 301, 302, 303: keepsMethod = method == .HEAD || method == .GET
        case 307, 308: keepsMethod = true
        default: return nil
        }
        guard let location = response.headers.first(name: "location") else { return nil }
        guard let target = url.resolved(location) else {
            throw CapabilityError(.backend, "the endpoint redirects to something that is no http or https URL")
        }
        var call = self
        call.url = target
        if !keepsMethod {
            call.method = .GET
            call.body = nil
            call.headers.remove(name: "Content-Type")
        }
        if target.origin != url.origin {
            for name in ["Authorization", "Cookie", "Www-Authenticate", secretHeader ?? "Authorization"] { call.headers.remove(name: name) }
        }
        return call
    }
}
