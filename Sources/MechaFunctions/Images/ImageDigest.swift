import Crypto
import NIOCore

/// Digests of blobs, as images write them: `sha256:` and hexadecimal digits.
package enum ImageDigest {
    private static let prefix = "sha256:"

    package static func isValid(_ text: String) -> Bool {
        text.hasPrefix(prefix) && text.utf8.count == prefix.utf8.count + 64
            && text.utf8.dropFirst(prefix.utf8.count).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// The digits.
    static func hexadecimal(_ digest: String) -> Substring { digest.dropFirst(prefix.count) }

    package static func of(_ bytes: ByteBuffer) -> String {
        var hash = SHA256()
        bytes.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return prefix + FunctionFiles.hexadecimal(hash.finalize())
    }
}
