import MechaCore
import NIOCore

/// A signed token in its compact form (RFC 7515, RFC 7519), taken apart and not yet believed.
struct JSONWebToken: Sendable {
    /// Longest token that is read.
    static let maximumBytes = 16 << 10

    let algorithm: String
    let keyID: String?
    let claims: JSON
    /// What the signature is of.
    let signedBytes: [UInt8]
    let signature: [UInt8]

    /// Nil for a text that is none.
    init?(_ text: Substring) {
        guard text.utf8.count <= Self.maximumBytes else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Base64URL.decode(parts[2]), let algorithm = header["alg"]?.stringValue,
            // A header that must be understood, and nothing is understood here but what RFC 7515 itself has.
            header["crit"] == nil
        else { return nil }
        self.algorithm = algorithm
        keyID = header["kid"]?.stringValue
        self.claims = claims
        self.signature = signature
        signedBytes = Array("\(parts[0]).\(parts[1])".utf8)
    }

    private static func object(_ part: Substring) -> JSON? {
        guard let bytes = Base64URL.decode(part), let document = try? JSON.parse(ByteBuffer(bytes: bytes)), document.objectValue != nil
        else { return nil }
        return document
    }

    /// Why the claims do not let their bearer in; nil when they do.
    func objection(issuer: String, audience: String, at now: Timestamp, skew: Duration) -> String? {
        guard claims["iss"]?.stringValue == issuer else { return "the token is of another issuer" }
        let audiences = claims["aud"]?.arrayValue?.compactMap(\.stringValue) ?? [claims["aud"]?.stringValue].compactMap { $0 }
        guard audiences.contains(audience) else { return "the token is for another audience" }
        let seconds = Double(now.seconds) + Double(now.nanoseconds) / 1e9
        let skew = Double(skew.wholeNanoseconds) / 1e9
        guard let expiry = claims["exp"]?.doubleValue else { return "the token does not say when it expires" }
        if seconds >= expiry + skew { return "the token has expired" }
        if let begin = claims["nbf"] {
            guard let begin = begin.doubleValue, seconds >= begin - skew else { return "the token is not valid yet" }
        }
        return nil
    }
}
