import MechaCore
import MechaWire

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Whom `bindings.http` calls and how.
struct HTTPBindingSettings: Sendable {
    var url: WebURL
    var urlText: String
    /// Until the whole response is there; nil for no bound.
    var responseTimeout: Duration?
    var maximumResponseBytes: Int
    var failsUnlessSuccessful: Bool
    var securityToken: String?
    var securityTokenHeader: String?
    var tls: ClientTLS

    static let fields: [MetadataField] = [
        MetadataField("url", .string, required: true, "Base URL of the endpoint, http or https"),
        MetadataField("responseTimeout", .duration, "Until the whole response is there; no limit when empty"),
        MetadataField("maxResponseBodySize", .string, default: "100Mi", "Largest response body; 0 for no limit"),
        MetadataField("errorIfNot2XX", .bool, default: "true", "Whether a response of another status is an error; also per request"),
        MetadataField("securityToken", .string, secret: true, "Value of the header securityTokenHeader of every request"),
        MetadataField("securityTokenHeader", .string, "Header of the security token, such as Authorization"),
        MetadataField("MTLSRootCA", .string, "Certificates that are trusted instead of the system's, PEM or the path of a file with it"),
        MetadataField("MTLSClientCert", .string, "Client certificate, PEM or path"),
        MetadataField("MTLSClientKey", .string, secret: true, "Private key of the client certificate, PEM or path"),
        MetadataField(
            "MTLSRenegotiation", .string, choices: ["RenegotiateNever", "RenegotiateOnceAsClient", "RenegotiateFreelyAsClient"],
            "Only RenegotiateNever is supported"),
        MetadataField("direction", .string, "input, output or both, with commas; this binding has only output"),
    ]

    /// Throws ``MetadataError``.
    init(_ metadata: ComponentMetadata, workingDirectory: String) throws {
        urlText = try metadata.required("url")
        guard let url = WebURL(urlText) else {
            throw MetadataError(field: "url", problem: "cannot be used", expected: "a URL such as https://host:port/path")
        }
        self.url = url
        responseTimeout = try metadata.duration("responseTimeout")
        if let responseTimeout, responseTimeout <= .zero {
            throw MetadataError(field: "responseTimeout", problem: "is not above zero", expected: "a duration such as 500ms or 5s")
        }
        if let number = metadata.string("maxResponseBodySize").flatMap({ Int($0) }), number <= 0 {
            maximumResponseBytes = .max
        } else {
            maximumResponseBytes = try metadata.byteSize("maxResponseBodySize", default: 100 << 20)
        }
        failsUnlessSuccessful = try metadata.bool("errorIfNot2XX", default: true)
        securityToken = metadata.string("securityToken")
        securityTokenHeader = metadata.string("securityTokenHeader")
        if try metadata.choice("MTLSRenegotiation", of: Self.renegotiations, default: Self.renegotiations[0]) != Self.renegotiations[0] {
            throw MetadataError(
                field: "MTLSRenegotiation", problem: "asks for renegotiation", expected: "RenegotiateNever, the only one supported")
        }
        tls = ClientTLS()
        tls.rootCertificates = try Self.pem(metadata, "MTLSRootCA", workingDirectory)
        tls.certificateChain = try Self.pem(metadata, "MTLSClientCert", workingDirectory)
        tls.privateKey = try Self.pem(metadata, "MTLSClientKey", workingDirectory)
        if tls.certificateChain != nil { _ = try metadata.required("MTLSClientKey") }
        if tls.privateKey != nil { _ = try metadata.required("MTLSClientCert") }
    }

    private static let renegotiations = ["RenegotiateNever", "RenegotiateOnceAsClient", "RenegotiateFreelyAsClient"]

    /// The PEM text of a field that holds it, or the path of a file with it.
    private static func pem(_ metadata: ComponentMetadata, _ field: String, _ workingDirectory: String) throws -> String? {
        guard let text = metadata.string(field) else { return nil }
        if text.contains("-----BEGIN") { return text }
        let path = text.hasPrefix("/") ? text : "\(workingDirectory)/\(text)"
        guard let contents = read(path), contents.contains("-----BEGIN") else {
            throw MetadataError(
                field: field, problem: "is neither PEM nor a file with it", expected: "PEM text, or the path of a file with it")
        }
        return contents
    }

    /// The first bytes of a file, enough for any certificate chain.
    private static func read(_ path: String) -> String? {
        guard let stream = fopen(path, "r") else { return nil }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: maximumPEMBytes)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static let maximumPEMBytes = 1 << 20
}
