import MechaCore
import MechaWire

/// How `middleware.http.oauth2` sends people to their provider.
struct OAuth2Settings: Sendable {
    let clientID: String
    let clientSecret: String
    let scopes: String
    let authURL: String
    let tokenURL: WebURL
    let redirectURL: String
    let headerName: String
    let isHTTPSForced: Bool
    let cookieName: String
    /// Nil for a key of this process.
    let encryptionKey: String?
    let filter: PathFilter

    static let fields: [MetadataField] = [
        MetadataField("clientID", .string, required: true, "Client id at the provider"),
        MetadataField("clientSecret", .string, required: true, secret: true, "Client secret at the provider"),
        MetadataField("scopes", .string, "Scopes to ask for, with commas or blanks between them"),
        MetadataField("authURL", .string, required: true, "URL of the provider's authorization endpoint"),
        MetadataField("tokenURL", .string, required: true, "URL of the provider's token endpoint"),
        MetadataField("redirectURL", .string, required: true, "URL of this API that the provider sends people back to"),
        MetadataField("authHeaderName", .string, default: "Authorization", "Header that carries the token on"),
        MetadataField("forceHTTPS", .bool, default: "false", "Whether people are sent back to https URLs"),
        MetadataField("cookieName", .string, default: "_dapr_oauth2", "Cookie of the session"),
        MetadataField(
            "tokenEncryptionKey", .string, secret: true,
            "Text that the key of session cookies is made of; sessions end with the process without one"),
        PathFilter.field,
    ]

    init(_ metadata: ComponentMetadata) throws {
        clientID = try metadata.required("clientID")
        clientSecret = try metadata.required("clientSecret")
        scopes = Scopes.joined(metadata.string("scopes", default: ""))
        _ = try WebFetcher.url("authURL", metadata)
        authURL = try metadata.required("authURL")
        tokenURL = try WebFetcher.url("tokenURL", metadata)
        redirectURL = try metadata.required("redirectURL")
        headerName = try HeaderField.name("authHeaderName", metadata, default: "Authorization")
        isHTTPSForced = try metadata.bool("forceHTTPS")
        cookieName = try HeaderField.name("cookieName", metadata, default: "_dapr_oauth2")
        encryptionKey = metadata.string("tokenEncryptionKey")
        filter = try PathFilter(metadata)
    }

    /// Where people are sent to log in (RFC 6749 section 4.1.1).
    func authorization(state: String) -> String {
        var parameters = [
            ("access_type", "offline"), ("client_id", clientID), ("redirect_uri", redirectURL), ("response_type", "code"),
        ]
        if !scopes.isEmpty { parameters.append(("scope", scopes)) }
        parameters.append(("state", state))
        return authURL + (authURL.contains("?") ? "&" : "?") + FormText.encode(parameters)
    }
}
