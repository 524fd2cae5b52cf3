import Crypto
import MechaCore

/// A user's Ed25519 key pair, given as a seed: base 32 of two prefix bytes, 32 bytes of seed, and a CRC-16
/// (nats-io/nkeys). Never shown.
struct NATSKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    private let typePrefix: UInt8

    struct Malformed: Error {}

    /// Throws for a text that is no seed.
    init(seed: String) throws {
        guard let bytes = Base32.decode(seed), bytes.count == 36 else { throw Malformed() }
        let check = UInt16(bytes[34]) | UInt16(bytes[35]) << 8
        guard Self.crc16(bytes[..<34]) == check else { throw Malformed() }
        // Five bits say that it is a seed, the next five whose.
        guard bytes[0] & 0xf8 == 18 << 3 else { throw Malformed() }
        typePrefix = (bytes[0] & 7) << 5 | (bytes[1] & 0xf8) >> 3
        key = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes[2..<34])
    }

    /// What the server knows the key by: `U...` for a user.
    var publicKey: String {
        var bytes = [typePrefix] + Array(key.publicKey.rawRepresentation)
        let check = Self.crc16(bytes[...])
        bytes.append(UInt8(truncatingIfNeeded: check))
        bytes.append(UInt8(truncatingIfNeeded: check >> 8))
        return Base32.encode(bytes)
    }

    /// The signature of a server's nonce, in base 64 for URLs.
    func sign(_ nonce: String) throws -> String { Base64URL.encode(try key.signature(for: Array(nonce.utf8))) }

    /// CRC-16/XMODEM.
    private static func crc16(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        var crc: UInt16 = 0
        for byte in bytes {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
        }
        return crc
    }
}
