import MechaCore
import NIOCore

/// How an image points to one of its parts (OCI image specification, descriptor).
package struct ImageDescriptor: Sendable, Hashable {
    package var mediaType: String
    package var digest: String
    package var size: Int
    /// `os/architecture`, where an index says it.
    package var platform: String?
    package var annotations: [String: String] = [:]

    package init(mediaType: String, digest: String, size: Int) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
    }

    package init(_ mediaType: String, of bytes: ByteBuffer) {
        self.init(mediaType: mediaType, digest: ImageDigest.of(bytes), size: bytes.readableBytes)
    }

    /// - Parameter place: for messages, such as `layers[1]`.
    init(_ json: JSON?, _ place: String) throws(FunctionBaseError) {
        guard let json, let digest = json["digest"]?.stringValue, let size = json["size"]?.intValue, size >= 0 else {
            throw FunctionBaseError(.refused, "the image's \(place) has no digest and size")
        }
        guard ImageDigest.isValid(digest) else {
            throw FunctionBaseError(.refused, "the image's \(place) has the digest \"\(digest.prefix(100))\"; expected one of SHA-256")
        }
        self.init(mediaType: json["mediaType"]?.stringValue ?? "", digest: digest, size: size)
        if let platform = json["platform"] {
            self.platform = "\(platform["os"]?.stringValue ?? "")/\(platform["architecture"]?.stringValue ?? "")"
        }
        annotations = json["annotations"]?.stringMap ?? [:]
    }

    package var json: JSON {
        .object(
            [.init("mediaType", .string(mediaType)), .init("digest", .string(digest)), .init("size", .integer(size))]
                + (annotations.isEmpty ? [] : [.init("annotations", .strings(annotations))]))
    }

    /// Whether it is an index of other manifests.
    var isIndex: Bool { mediaType == ImageMediaType.index || mediaType == ImageMediaType.dockerIndex }

    /// The name that a layout gives the image.
    var referenceName: String? { annotations["org.opencontainers.image.ref.name"] }

    /// The bytes, if they are what the descriptor says.
    func verified(_ bytes: ByteBuffer, from place: String) throws(FunctionBaseError) -> ByteBuffer {
        guard bytes.readableBytes == size else {
            throw FunctionBaseError(.refused, "\(place): \(digest) has \(bytes.readableBytes) bytes; the image says \(size)")
        }
        let actual = ImageDigest.of(bytes)
        guard actual == digest else {
            throw FunctionBaseError(.refused, "\(place): what should be \(digest) has the digest \(actual)")
        }
        return bytes
    }
}
