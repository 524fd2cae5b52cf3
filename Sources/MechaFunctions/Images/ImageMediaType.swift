/// Media types of images and of what is in them.
package enum ImageMediaType {
    package static let index = "application/vnd.oci.image.index.v1+json"
    package static let manifest = "application/vnd.oci.image.manifest.v1+json"
    package static let dockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json"
    package static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    package static let imageConfiguration = "application/vnd.oci.image.config.v1+json"
    package static let tarGzipLayer = "application/vnd.oci.image.layer.v1.tar+gzip"
    /// The CNCF's artifact for WebAssembly: configuration and layer.
    package static let wasmConfiguration = "application/vnd.wasm.config.v0+json"
    package static let wasmLayer = "application/wasm"
    /// Older artifacts had the module in a layer of this type.
    package static let olderWasmLayer = "application/vnd.wasm.content.layer.v1+wasm"

    /// What a registry may answer with.
    static let accepted = [index, manifest, dockerIndex, dockerManifest]

    static func isModule(_ type: String) -> Bool { type == wasmLayer || type == olderWasmLayer }
}
