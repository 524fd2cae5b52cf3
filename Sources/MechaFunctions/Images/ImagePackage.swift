import MechaCore
import MechaWire
import NIOCore

/// An image made of a module.
public struct ImagePackage: Sendable {
    public enum Form: String, Sendable, CaseIterable {
        /// The CNCF's: the module itself is the layer.
        case artifact
        /// A plain image, as `FROM scratch`, `COPY`, `CMD` would make it; what runs containers can load it.
        case image
    }

    /// Configuration and layer, with what they hold.
    let blobs: [(descriptor: ImageDescriptor, bytes: ByteBuffer)]
    let manifest: (descriptor: ImageDescriptor, bytes: ByteBuffer)
    private let form: Form
    private let fileName: String
    /// The name that the image gets in layouts.
    private let tag: String

    /// Of the manifest.
    public var digest: String { manifest.descriptor.digest }

    /// - Parameters:
    ///   - name: of the function; of the module's file in plain images.
    ///   - tag: the name of the image in a layout.
    public init(_ module: [UInt8], name: String, form: Form, tag: String) throws(FunctionBaseError) {
        let module = ByteBuffer(bytes: module)
        self.form = form
        self.tag = tag
        fileName = "\(name).wasm"
        var layer: (descriptor: ImageDescriptor, bytes: ByteBuffer)
        let configuration: JSON
        let configurationType: String
        switch form {
        case .artifact:
            layer = (ImageDescriptor(ImageMediaType.wasmLayer, of: module), module)
            layer.descriptor.annotations = ["org.opencontainers.image.title": fileName]
            configurationType = ImageMediaType.wasmConfiguration
            configuration = [
                "created": "1970-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip1",
                "layerDigests": .array([.string(layer.descriptor.digest)]),
            ]
        case .image:
            var tar = TarWriter()
            tar.add(fileName, module)
            let plain = tar.finished()
            let packed: ByteBuffer
            do throws(GRPCStatus) { packed = try Gzip.compress(plain) } catch { throw FunctionBaseError(.unavailable, error.message) }
            layer = (ImageDescriptor(ImageMediaType.tarGzipLayer, of: packed), packed)
            configurationType = ImageMediaType.imageConfiguration
            configuration = [
                "created": "1970-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip1",
                "config": ["Cmd": .array([.string("/\(fileName)")])],
                "rootfs": ["type": "layers", "diff_ids": .array([.string(ImageDigest.of(plain))])],
            ]
        }
        let configurationBytes = configuration.buffer
        let described = ImageDescriptor(configurationType, of: configurationBytes)
        blobs = [(described, configurationBytes), layer]
        let document: JSON = [
            "schemaVersion": 2, "mediaType": .string(ImageMediaType.manifest), "config": described.json,
            "layers": .array([layer.descriptor.json]),
        ]
        let bytes = document.buffer
        manifest = (ImageDescriptor(ImageMediaType.manifest, of: bytes), bytes)
    }

    /// The files of an OCI layout, by path.
    private var layout: [(path: String, bytes: ByteBuffer)] {
        var described = manifest.descriptor
        described.annotations = ["org.opencontainers.image.ref.name": tag]
        let index: JSON = ["schemaVersion": 2, "mediaType": .string(ImageMediaType.index), "manifests": .array([described.json])]
        var files: [(path: String, bytes: ByteBuffer)] = [
            ("oci-layout", JSON.object([.init("imageLayoutVersion", "1.0.0")]).buffer), ("index.json", index.buffer),
        ]
        for blob in blobs + [manifest] { files.append(("blobs/sha256/\(ImageDigest.hexadecimal(blob.descriptor.digest))", blob.bytes)) }
        return files
    }

    /// Writes an OCI layout: an archive where the path ends in `.tar`, else a folder.
    public func write(to path: String) throws(FunctionBaseError) {
        do throws(FunctionFiles.Failure) {
            if path.hasSuffix(".tar") {
                var tar = TarWriter()
                for file in layout { tar.add(file.path, file.bytes) }
                try FunctionFiles.write(tar.finished().readableBytesView, to: path, mode: 0o644)
            } else {
                guard !FunctionFiles.exists(path) || FunctionFiles.names(in: path).isEmpty || LayoutFolder.isOne(path) else {
                    throw FunctionFiles.Failure(path: path, reason: "is a folder with other things in it")
                }
                try FunctionFiles.makeFolder("\(path)/blobs/sha256", mode: 0o755)
                // The index last: before it there is no image.
                for file in layout.reversed() {
                    try FunctionFiles.write(file.bytes.readableBytesView, to: "\(path)/\(file.path)", mode: 0o644)
                }
            }
        } catch {
            throw FunctionBaseError(error)
        }
    }
}
