import MechaCore
import NIOCore

/// The keys of an issuer (`{"keys": [...]}`).
struct JSONWebKeySet: Sendable {
    /// Keys that are taken of a set; an issuer has a handful.
    static let maximumKeys = 64

    let keys: [JSONWebKey]

    /// Nil when the document is no key set.
    init?(_ document: ByteBuffer) {
        guard let entries = (try? JSON.parse(document))?["keys"]?.arrayValue else { return nil }
        keys = entries.lazy.compactMap(JSONWebKey.init).prefix(Self.maximumKeys).map { $0 }
    }

    /// Whether one of the keys, the named one if the token names any, verifies the token. Nil when the set has
    /// none that it could be.
    func verifies(_ token: JSONWebToken) -> Bool? {
        let candidates = token.keyID.map { id in keys.filter { $0.id == id } } ?? keys
        if candidates.isEmpty { return nil }
        return candidates.contains { $0.verifies(token) }
    }
}
