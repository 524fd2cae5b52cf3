/// Which names stand for secrets, so that their values never reach a log line.
///
/// A component's own description says which of its fields are secret; this rule is the net below it, for
/// log metadata and configuration whose description nobody has at hand.
public enum SecretKeys {
    /// What is shown in place of a value.
    public static let placeholder = "***"

    private static let words = [
        "password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey", "sharedkey",
        "accountkey", "masterkey", "encryptionkey", "credential", "authorization", "cookie", "connectionstring", "sas",
    ]

    /// Names that hold one of the words and yet no secret.
    private static let harmless: Set<String> = ["secretstore", "secretstores", "secretname", "secretscopes", "tokencount"]

    /// Whether values under `key` must not be shown. Case and separators do not matter: `redisPassword`,
    /// `API-KEY` and `dapr-api-token` all count.
    public static func isSecret(_ key: String) -> Bool {
        let folded = String(decoding: key.utf8.compactMap(fold), as: UTF8.self)
        return !harmless.contains(folded) && words.contains { $0.utf8.count <= 3 ? folded == $0 : folded.contains($0) }
    }

    /// Lower-case letters and digits; nothing for separators.
    private static func fold(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x41...0x5a: byte + 0x20
        case 0x61...0x7a, 0x30...0x39: byte
        default: nil
        }
    }
}
