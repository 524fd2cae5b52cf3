#if Kafka
import MechaCore

/// How the runtime and the brokers prove who they are (`authType`), as properties of librdkafka.
enum KafkaSecurity {
    static func properties(_ metadata: ComponentMetadata) throws -> [(String, String)] {
        if metadata.string("authType")?.lowercased() == "awsiam" {
            throw MetadataError(
                field: "authType", problem: "is awsiam, which is not supported", expected: "none, password, mtls, certificate or oidc")
        }
        let type = try metadata.choice(
            "authType", of: ["none", "password", "mtls", "certificate", "oidc"], default: try legacyType(metadata))
        guard type != "none" else { return [("security.protocol", "PLAINTEXT")] }
        let isSecure = try !metadata.bool("disableTls")
        if !isSecure, type == "mtls" || type == "certificate" {
            throw MetadataError(field: "disableTls", problem: "is true", expected: "TLS with authType \(type)")
        }
        let hasSASL = type == "password" || type == "oidc"
        var properties = [("security.protocol", hasSASL ? (isSecure ? "SASL_SSL" : "SASL_PLAINTEXT") : "SSL")]
        if isSecure { properties += try tls(metadata, requiresCA: type == "certificate") }
        switch type {
        case "password": properties += try password(metadata)
        case "oidc": properties += try oidc(metadata)
        default: break
        }
        return properties
    }

    /// What `authRequired` of older files means.
    private static func legacyType(_ metadata: ComponentMetadata) throws -> String {
        guard metadata.string("authRequired") != nil else { return try metadata.required("authType") }
        guard try metadata.bool("authRequired") else { return "none" }
        return metadata.string("saslPassword") == nil ? "mtls" : "password"
    }

    private static func tls(_ metadata: ComponentMetadata, requiresCA: Bool) throws -> [(String, String)] {
        var properties: [(String, String)] = []
        if requiresCA { _ = try metadata.required("caCert") }
        for (field, property) in [("caCert", "ssl.ca.pem"), ("clientCert", "ssl.certificate.pem"), ("clientKey", "ssl.key.pem")] {
            guard let pem = metadata.string(field) else { continue }
            guard pem.contains("-----BEGIN") else { throw MetadataError(field: field, problem: "is no PEM", expected: "PEM text") }
            properties.append((property, pem))
        }
        if metadata.string("clientCert") != nil { _ = try metadata.required("clientKey") }
        if metadata.string("clientKey") != nil { _ = try metadata.required("clientCert") }
        if try metadata.bool("skipVerify") {
            properties += [("enable.ssl.certificate.verification", "false"), ("ssl.endpoint.identification.algorithm", "none")]
        } else {
            properties.append(("ssl.endpoint.identification.algorithm", "https"))
        }
        return properties
    }

    private static func password(_ metadata: ComponentMetadata) throws -> [(String, String)] {
        let mechanism = try metadata.choice("saslMechanism", of: ["PLAINTEXT", "PLAIN", "SHA-256", "SHA-512"], default: "PLAINTEXT")
        return [
            ("sasl.mechanisms", mechanism.hasPrefix("SHA") ? "SCRAM-\(mechanism)" : "PLAIN"),
            ("sasl.username", try metadata.required("saslUsername")), ("sasl.password", try metadata.required("saslPassword")),
        ]
    }

    private static func oidc(_ metadata: ComponentMetadata) throws -> [(String, String)] {
        for field in ["oidcClientAssertionCert", "oidcClientAssertionKey"] where metadata.string(field) != nil {
            throw MetadataError(field: field, problem: "is not supported", expected: "oidcClientSecret, which librdkafka can use")
        }
        var properties = [
            ("sasl.mechanisms", "OAUTHBEARER"), ("sasl.oauthbearer.method", "oidc"),
            ("sasl.oauthbearer.token.endpoint.url", try metadata.required("oidcTokenEndpoint")),
            ("sasl.oauthbearer.client.id", try metadata.required("oidcClientID")),
            ("sasl.oauthbearer.client.secret", try metadata.required("oidcClientSecret")),
            (
                "sasl.oauthbearer.scope",
                metadata.string("oidcScopes", default: "openid").split(separator: ",").joined(separator: " ")
            ),
        ]
        if let text = metadata.string("oidcExtensions") {
            guard let members = (try? JSON.parse(text))?.objectValue, !members.isEmpty,
                members.allSatisfy({ $0.value.stringValue?.contains(",") == false })
            else {
                throw MetadataError(field: "oidcExtensions", problem: "is not usable", expected: "a JSON object of texts without commas")
            }
            properties.append(
                ("sasl.oauthbearer.extensions", members.map { "\($0.name)=\($0.value.stringValue ?? "")" }.joined(separator: ",")))
        }
        return properties
    }
}
#endif
