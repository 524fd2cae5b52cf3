import NIOCore

/// A module that was found in an image.
public struct ImageModule: Sendable {
    public var bytes: [UInt8]
    /// Of the image's manifest; nil for what is no image.
    public var manifestDigest: String?
    /// Where it was, for people: `registry/repository:tag@sha256:...`, or the file's name.
    public var source: String
    /// What follows the module in the image's command.
    public var arguments: [String] = []

    init(_ bytes: ByteBuffer, manifestDigest: String? = nil, source: String) {
        self.bytes = Array(bytes.readableBytesView)
        self.manifestDigest = manifestDigest
        self.source = source
    }
}
