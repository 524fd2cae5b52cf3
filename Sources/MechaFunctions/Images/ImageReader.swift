import MechaCore
import MechaWire
import NIOCore

/// Finds the module in an image: in the layer of a wasm artifact, or as the file that a plain image's command names.
struct ImageReader {
    let source: any BlobSource

    /// - Parameter root: a manifest, or an index of which the manifest for WebAssembly is taken.
    func module(_ root: ImageDescriptor) async throws(FunctionBaseError) -> ImageModule {
        var descriptor = root
        for _ in 0...ImageLimits.indexDepthAtMost {
            let document = try await json(descriptor)
            if descriptor.isIndex || document["manifests"] != nil {
                descriptor = try Self.choose(try Self.manifests(document), in: source.name)
            } else {
                var module = try await module(ofManifest: document)
                module.manifestDigest = root.digest
                return module
            }
        }
        throw FunctionBaseError(.refused, "\(source.name): indexes lie within indexes, \(ImageLimits.indexDepthAtMost) deep")
    }

    // MARK: - Indexes

    static func manifests(_ index: JSON) throws(FunctionBaseError) -> [ImageDescriptor] {
        let list = index["manifests"]?.arrayValue ?? []
        guard list.count <= ImageLimits.manifestsAtMost else {
            throw FunctionBaseError(.refused, "the image's index has more than \(ImageLimits.manifestsAtMost) manifests")
        }
        return try list.enumerated().map { index, json throws(FunctionBaseError) in try ImageDescriptor(json, "manifests[\(index)]") }
    }

    /// The manifest for WebAssembly; where none is marked so, the one for this machine, or the only one.
    static func choose(_ manifests: [ImageDescriptor], in name: String) throws(FunctionBaseError) -> ImageDescriptor {
        // Signatures and such stand in indexes too.
        let real = manifests.filter { $0.platform != "unknown/unknown" && $0.annotations["vnd.docker.reference.type"] == nil }
        if real.count == 1 { return real[0] }
        let wasm = real.filter { manifest in
            let parts = (manifest.platform ?? "").split(separator: "/")
            return parts.contains { $0.hasPrefix("wasi") || $0.hasPrefix("wasm") }
        }
        if let first = wasm.first { return first }
        if let first = real.first(where: { $0.platform == hostPlatform }) { return first }
        let names = real.map { $0.platform ?? $0.referenceName ?? "no platform" }
        throw FunctionBaseError(
            .refused,
            "\(name) has no manifest for wasi/wasm or \(hostPlatform)"
                + (names.isEmpty ? "; it is empty" : "; it has \(names.prefix(20).joined(separator: ", "))"))
    }

    private static var hostPlatform: String {
        #if arch(arm64)
        "linux/arm64"
        #else
        "linux/amd64"
        #endif
    }

    // MARK: - Manifests

    private func module(ofManifest manifest: JSON) async throws(FunctionBaseError) -> ImageModule {
        guard let list = manifest["layers"]?.arrayValue else {
            throw FunctionBaseError(.refused, "\(source.name) is no image: its manifest has no layers")
        }
        guard list.count <= ImageLimits.layersAtMost else {
            throw FunctionBaseError(.refused, "\(source.name) has more than \(ImageLimits.layersAtMost) layers")
        }
        let layers = try list.enumerated().map { index, json throws(FunctionBaseError) in try ImageDescriptor(json, "layers[\(index)]") }
        let modules = layers.filter { ImageMediaType.isModule($0.mediaType) }
        if !modules.isEmpty {
            guard modules.count == 1 else {
                throw FunctionBaseError(.refused, "\(source.name) has \(modules.count) layers with modules; expected one")
            }
            return ImageModule(try await layer(modules[0]), source: source.name)
        }
        return try await module(ofLayers: layers, configuration: try await json(try ImageDescriptor(manifest["config"], "config")))
    }

    private func json(_ descriptor: ImageDescriptor) async throws(FunctionBaseError) -> JSON {
        guard descriptor.size <= ImageLimits.documentBytesAtMost else {
            throw FunctionBaseError(
                .refused, "\(source.name): \(descriptor.digest) is larger than \(ImageLimits.documentBytesAtMost) bytes")
        }
        let bytes = try await source.blob(descriptor)
        do throws(JSONError) {
            return try JSON.parse(bytes)
        } catch {
            throw FunctionBaseError(.refused, "\(source.name): \(descriptor.digest) is not understood: \(error)")
        }
    }

    private func layer(_ descriptor: ImageDescriptor) async throws(FunctionBaseError) -> ByteBuffer {
        guard descriptor.size <= ImageLimits.layerBytesAtMost else {
            throw FunctionBaseError(.refused, "\(source.name): a layer is larger than \(ImageLimits.layerBytesAtMost >> 20) MiB")
        }
        return try await source.blob(descriptor)
    }

    // MARK: - Plain images

    private func module(ofLayers layers: [ImageDescriptor], configuration: JSON) async throws(FunctionBaseError) -> ImageModule {
        let digests = configuration["rootfs"]?["diff_ids"]?.arrayValue?.map(\.stringValue)
        if let digests, digests.count != layers.count {
            throw FunctionBaseError(.refused, "\(source.name) has \(layers.count) layers; its configuration says \(digests.count)")
        }
        var files = ImageFileSystem(name: source.name)
        for (index, descriptor) in layers.enumerated() {
            let place = "\(source.name) layers[\(index)]"
            let plain = try Self.unpacked(try await layer(descriptor), place)
            if let wanted = digests?[index], case let actual = ImageDigest.of(plain), actual != wanted {
                throw FunctionBaseError(.refused, "\(place): unpacked, it has the digest \(actual); the configuration says \(wanted)")
            }
            try files.apply(plain, place)
        }
        return try Self.module(in: files, configuration: configuration, name: source.name)
    }

    /// Without compression.
    static func unpacked(_ bytes: ByteBuffer, _ place: String) throws(FunctionBaseError) -> ByteBuffer {
        let magic = bytes.getBytes(at: bytes.readerIndex, length: 4) ?? []
        if magic == [0x28, 0xb5, 0x2f, 0xfd] {
            throw FunctionBaseError(.refused, "\(place) is compressed by zstd, which is not supported; expected tar or gzip")
        }
        guard magic.starts(with: [0x1f, 0x8b]) else { return bytes }
        do throws(GRPCStatus) {
            return try Gzip.decompress(bytes, limitBytes: ImageLimits.unpackedLayerBytesAtMost, takesMembers: true)
        } catch {
            if error.code == .resourceExhausted {
                throw FunctionBaseError(
                    .refused, "\(place): unpacked, it has more than \(ImageLimits.unpackedLayerBytesAtMost >> 20) MiB")
            }
            throw FunctionBaseError(.refused, "\(place) is no good gzip")
        }
    }

    /// The file that the command names; where it names none, the only module that there is.
    static func module(in files: ImageFileSystem, configuration: JSON, name: String) throws(FunctionBaseError) -> ImageModule {
        let settings = configuration["config"]
        func words(_ member: String) -> [String] { settings?[member]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        let command = words("Entrypoint") + words("Cmd")
        let folder = settings?["WorkingDir"]?.stringValue ?? "/"
        if let index = command.firstIndex(where: { $0.hasSuffix(".wasm") }) {
            let path = command[index].hasPrefix("/") ? command[index] : "\(folder)/\(command[index])"
            guard let bytes = try files.file(path) else {
                let known = files.paths(endingIn: ".wasm")
                throw FunctionBaseError(
                    .refused,
                    "\(name): its command names \(path.prefix(200)), which it does not have"
                        + (known.isEmpty ? "" : "; it has \(known.prefix(5).joined(separator: ", "))"))
            }
            var module = ImageModule(bytes, source: name)
            module.arguments = Array(command[(index + 1)...])
            return module
        }
        let known = files.paths(endingIn: ".wasm")
        guard known.count == 1, let bytes = try files.file(known[0]) else {
            throw FunctionBaseError(
                .refused,
                known.isEmpty
                    ? "\(name) has no module: neither a layer of \(ImageMediaType.wasmLayer), nor a .wasm file"
                    : "\(name) has \(known.count) modules, and its command names none of them: \(known.prefix(5).joined(separator: ", "))")
        }
        return ImageModule(bytes, source: name)
    }
}
