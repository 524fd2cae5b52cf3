import MechaCore
import NIOCore

/// An image in a tar archive: an OCI layout, or what `docker save` writes.
struct LayoutArchive: BlobSource {
    let name: String
    private let files: [String: ByteBuffer]

    init(_ bytes: ByteBuffer, name: String) throws(FunctionBaseError) {
        self.name = name
        var files: [String: ByteBuffer] = [:]
        var links: [String: String] = [:]
        var archive = TarArchive(bytes, name: name)
        while let entry = try archive.next() {
            switch entry.kind {
            case .file: files[entry.path] = entry.content
            // Older versions of Docker link layers that images share.
            case .hardLink(let target): links[entry.path] = target
            case .symbolicLink(let target): links[entry.path] = Self.resolved(target, from: entry.path)
            default: break
            }
        }
        for (path, target) in links where files[path] == nil { files[path] = files[target] }
        self.files = files
    }

    private static func resolved(_ target: String, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast()
        for part in target.split(separator: "/") { if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) } }
        return parts.joined(separator: "/")
    }

    func file(_ path: String) -> ByteBuffer? { files[path] }

    func blob(_ descriptor: ImageDescriptor) async throws(FunctionBaseError) -> ByteBuffer {
        guard let bytes = files["blobs/sha256/\(ImageDigest.hexadecimal(descriptor.digest))"] else {
            throw FunctionBaseError(.refused, "\(name) is no whole image: it lacks \(descriptor.digest)")
        }
        return try descriptor.verified(bytes, from: name)
    }

    /// What older versions of Docker save: `manifest.json` names the configuration and the layers by their paths.
    func savedModule(_ manifest: ByteBuffer) throws(FunctionBaseError) -> ImageModule {
        let images = (try? JSON.parse(manifest))?.arrayValue ?? []
        guard let image = images.first, images.count == 1 else {
            throw FunctionBaseError(.refused, "\(name) has \(images.count) images; expected one")
        }
        guard let path = image["Config"]?.stringValue, let bytes = files[path], let configuration = try? JSON.parse(bytes) else {
            throw FunctionBaseError(.refused, "\(name): manifest.json names no configuration that is there")
        }
        let layers = image["Layers"]?.arrayValue ?? []
        guard layers.count <= ImageLimits.layersAtMost else {
            throw FunctionBaseError(.refused, "\(name) has more than \(ImageLimits.layersAtMost) layers")
        }
        let digests = configuration["rootfs"]?["diff_ids"]?.arrayValue?.map(\.stringValue) ?? []
        guard digests.count == layers.count else {
            throw FunctionBaseError(.refused, "\(name) has \(layers.count) layers; its configuration says \(digests.count)")
        }
        var system = ImageFileSystem(name: name)
        for (index, layer) in layers.enumerated() {
            let place = "\(name) Layers[\(index)]"
            guard let path = layer.stringValue, let packed = files[path] else {
                throw FunctionBaseError(.refused, "\(place) is not there")
            }
            let plain = try ImageReader.unpacked(packed, place)
            guard case let actual = ImageDigest.of(plain), actual == digests[index] else {
                throw FunctionBaseError(.refused, "\(place) does not have the digest that the configuration says")
            }
            try system.apply(plain, place)
        }
        return try ImageReader.module(in: system, configuration: configuration, name: name)
    }
}
