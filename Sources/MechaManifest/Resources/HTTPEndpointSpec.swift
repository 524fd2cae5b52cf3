/// An HTTP service outside of the mesh that apps may invoke by name.
public struct HTTPEndpointSpec: ResourceSpec {
    public static let kind = "HTTPEndpoint"

    /// Scheme, authority and perhaps a path, to which the method path is appended.
    public let baseURL: String
    /// Sent with each request.
    public let headers: [NamedValue]
    public let clientTLS: ClientTLS?

    /// How to speak TLS with the endpoint; each part is PEM text.
    public struct ClientTLS: Sendable, Equatable {
        /// Replaces the system's trust roots.
        public let rootCA: ValueReference?
        public let certificate: ValueReference?
        public let privateKey: ValueReference?
        public let renegotiation: Renegotiation
    }

    public enum Renegotiation: String, Sendable, CaseIterable {
        case never = "Never"
        case onceAsClient = "OnceAsClient"
        case freelyAsClient = "FreelyAsClient"
    }
}

extension HTTPEndpointSpec: DecodableSpec {
    static let apiVersions = ["dapr.io/v1alpha1"]
    static let envelope: ResourceEnvelope = [.scopes, .auth]

    init(_ fields: FieldReader, apiVersion: String) {
        baseURL = fields.required("baseUrl", expected: "a URL such as https://example.com")
        if !baseURL.isEmpty, !Self.isBaseURL(baseURL) {
            // The URL is not quoted: it may carry credentials.
            fields.error("baseUrl", "is not an HTTP URL", expected: "http:// or https:// and a host")
        }
        headers = fields.list("headers") { NamedValue($0) }
        clientTLS = fields.object("clientTLS") { ClientTLS($0) }
        if let clientTLS, (clientTLS.certificate == nil) != (clientTLS.privateKey == nil) {
            fields.error("clientTLS", "has only one of certificate and privateKey", expected: "both or none")
        }
    }

    private static func isBaseURL(_ text: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: { text.lowercased().hasPrefix($0) }) else { return false }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return !authority.isEmpty && authority.first != ":" && !text.contains(where: \.isWhitespace)
    }
}

extension HTTPEndpointSpec.ClientTLS {
    init(_ fields: FieldReader) {
        rootCA = fields.object("rootCA") { ValueReference($0) }
        certificate = fields.object("certificate") { ValueReference($0) }
        privateKey = fields.object("privateKey") { ValueReference($0) }
        renegotiation = fields.choice("renegotiation", of: HTTPEndpointSpec.Renegotiation.self) ?? .never
    }
}
