import Crypto
import CryptoExtras
import MechaCore

/// A public key that tokens are verified with (RFC 7517, RFC 7518, RFC 8037).
struct JSONWebKey: Sendable {
    private enum Material: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    let id: String?
    /// The only algorithm that the key is meant for; nil for any that suits it.
    private let algorithm: String?
    private let material: Material

    /// Nil for a key that is of no use here: for encryption, symmetric, of another curve, or malformed.
    init?(_ document: JSON) {
        if let use = document["use"]?.stringValue, use != "sig" { return nil }
        if let operations = document["key_ops"]?.arrayValue, !operations.contains("verify") { return nil }
        guard let material = Self.material(document) else { return nil }
        self.material = material
        id = document["kid"]?.stringValue
        algorithm = document["alg"]?.stringValue
    }

    private static func material(_ document: JSON) -> Material? {
        func number(_ name: String) -> [UInt8]? { document[name]?.stringValue.flatMap { Base64URL.decode($0) } }
        switch document["kty"]?.stringValue {
        case "RSA":
            // Shorter keys than 2048 bits are refused.
            guard let modulus = number("n"), let exponent = number("e") else { return nil }
            return (try? _RSA.Signing.PublicKey(n: modulus, e: exponent)).map(Material.rsa)
        case "EC":
            guard let x = number("x"), let y = number("y") else { return nil }
            let point = [4] + x + y
            switch document["crv"]?.stringValue {
            case "P-256" where x.count == 32: return (try? P256.Signing.PublicKey(x963Representation: point)).map(Material.p256)
            case "P-384" where x.count == 48: return (try? P384.Signing.PublicKey(x963Representation: point)).map(Material.p384)
            case "P-521" where x.count == 66: return (try? P521.Signing.PublicKey(x963Representation: point)).map(Material.p521)
            default: return nil
            }
        case "OKP":
            guard document["crv"]?.stringValue == "Ed25519", let x = number("x") else { return nil }
            return (try? Curve25519.Signing.PublicKey(rawRepresentation: x)).map(Material.ed25519)
        default: return nil
        }
    }

    /// Whether the token was signed with the key's private half, by an algorithm that suits the key.
    func verifies(_ token: JSONWebToken) -> Bool {
        if let algorithm, algorithm != token.algorithm { return false }
        let (bytes, signature) = (token.signedBytes, token.signature)
        switch (material, token.algorithm) {
        case (.rsa(let key), "RS256"): return Self.check(key, signature, SHA256.hash(data: bytes), .insecurePKCS1v1_5)
        case (.rsa(let key), "RS384"): return Self.check(key, signature, SHA384.hash(data: bytes), .insecurePKCS1v1_5)
        case (.rsa(let key), "RS512"): return Self.check(key, signature, SHA512.hash(data: bytes), .insecurePKCS1v1_5)
        case (.rsa(let key), "PS256"): return Self.check(key, signature, SHA256.hash(data: bytes), .PSS)
        case (.rsa(let key), "PS384"): return Self.check(key, signature, SHA384.hash(data: bytes), .PSS)
        case (.rsa(let key), "PS512"): return Self.check(key, signature, SHA512.hash(data: bytes), .PSS)
        case (.p256(let key), "ES256"):
            return (try? P256.Signing.ECDSASignature(rawRepresentation: signature)).map { key.isValidSignature($0, for: bytes) } ?? false
        case (.p384(let key), "ES384"):
            return (try? P384.Signing.ECDSASignature(rawRepresentation: signature)).map { key.isValidSignature($0, for: bytes) } ?? false
        case (.p521(let key), "ES512"):
            return (try? P521.Signing.ECDSASignature(rawRepresentation: signature)).map { key.isValidSignature($0, for: bytes) } ?? false
        case (.ed25519(let key), "EdDSA"): return key.isValidSignature(signature, for: bytes)
        default: return false
        }
    }

    private static func check(
        _ key: _RSA.Signing.PublicKey, _ signature: [UInt8], _ digest: some Digest, _ padding: _RSA.Signing.Padding
    ) -> Bool {
        key.isValidSignature(_RSA.Signing.RSASignature(rawRepresentation: signature), for: digest, padding: padding)
    }
}
