import MechaCore
import MechaWire

/// Whose tokens `middleware.http.bearer` believes.
struct BearerSettings: Sendable {
    let issuer: String
    let audience: String
    /// Where the keys are; nil to ask the issuer's discovery document.
    let keysURL: WebURL?
    /// Where the discovery document is (OpenID Connect Discovery 1.0 section 4).
    let discoveryURL: WebURL
    let clockSkew: Duration

    static let fields: [MetadataField] = [
        MetadataField("issuer", .string, "The `iss` of the tokens, a URL; required (older name: issuerURL)"),
        MetadataField("audience", .string, "The `aud` that tokens must have, usually a client id; required (older name: clientID)"),
        MetadataField("jwksURL", .string, "URL of the issuer's keys; found in its /.well-known/openid-configuration by default"),
        MetadataField("clockSkew", .duration, default: "5m", "How far the issuer's clock may be from ours (Mecha only)"),
        MetadataField("issuerURL", .string, "Older name of issuer"),
        MetadataField("clientID", .string, "Older name of audience"),
    ]

    init(_ metadata: ComponentMetadata) throws {
        issuer = try metadata.string("issuerURL") ?? metadata.required("issuer")
        audience = try metadata.string("clientID") ?? metadata.required("audience")
        keysURL = metadata.string("jwksURL") == nil ? nil : try WebFetcher.url("jwksURL", metadata)
        var base = issuer[...]
        while base.last == "/" { base.removeLast() }
        guard let url = WebURL(base + "/.well-known/openid-configuration") else {
            throw MetadataError(field: "issuer", problem: "cannot be used", expected: "an http or https URL")
        }
        discoveryURL = url
        clockSkew = try metadata.duration("clockSkew", default: .seconds(300))
        guard clockSkew >= .zero else {
            throw MetadataError(field: "clockSkew", problem: "is below zero", expected: "a duration such as 30s")
        }
    }
}
