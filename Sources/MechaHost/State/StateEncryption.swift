import Crypto
import FoundationEssentials
import MechaCore
import NIOCore

/// Encryption of state values at rest. A stored value is the Base64 text of nonce, ciphertext and tag
/// (AES-GCM), then `||` and the name of the key, which is Dapr's form, so that either reads the other's.
struct StateEncryption: Sendable {
    struct Key: Sendable {
        let name: String
        let key: SymmetricKey

        /// `hex` is an AES key of 128, 192 or 256 bits in hexadecimal.
        init(name: String, hex: String, field: String) throws {
            let digits = Array(hex.utf8)
            var bytes: [UInt8] = []
            for index in stride(from: 0, to: digits.count - digits.count % 2, by: 2) {
                guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else { break }
                bytes.append(byte)
            }
            guard bytes.count * 2 == digits.count, [16, 24, 32].contains(bytes.count) else {
                throw MetadataError(field: field, problem: "is not usable", expected: "an AES key of 32, 48 or 64 hexadecimal digits")
            }
            self.name = name
            self.key = SymmetricKey(data: bytes)
        }
    }

    let primary: Key
    let secondary: Key?

    func encrypt(_ value: ByteBuffer) throws -> ByteBuffer {
        let sealed = try AES.GCM.seal(Data(value.readableBytesView), using: primary.key)
        guard let combined = sealed.combined else { throw CapabilityError(.backend, "the value could not be encrypted") }
        return ByteBuffer(string: Base64.encode(combined) + KeyPrefix.separator + primary.name)
    }

    func decrypt(_ stored: ByteBuffer) throws -> ByteBuffer {
        guard stored.readableBytes > 0 else { return stored }
        // Base64 has no bar, so the first one begins the separator.
        let text = String(buffer: stored)
        guard let bar = text.firstIndex(of: "|"), text[bar...].hasPrefix(KeyPrefix.separator) else {
            throw CapabilityError(.backend, "the stored value names no encryption key")
        }
        let name = text[bar...].dropFirst(KeyPrefix.separator.count)
        guard let key = [primary, secondary].compactMap({ $0 }).first(where: { $0.name == name }) else {
            throw CapabilityError(.backend, "the stored value was encrypted with a key that is not configured")
        }
        guard let combined = Base64.decode(text[..<bar]) else {
            throw CapabilityError(.backend, "the stored value is not Base64")
        }
        do {
            return ByteBuffer(bytes: try AES.GCM.open(AES.GCM.SealedBox(combined: Data(combined)), using: key.key))
        } catch {
            throw CapabilityError(.backend, "the stored value does not decrypt with its key", cause: error)
        }
    }
}
