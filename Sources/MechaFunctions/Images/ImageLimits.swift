/// How large images and what is in them may be. Whatever is beyond is refused by name, before it is read where its size
/// is told.
package enum ImageLimits {
    /// Manifests, indexes and configurations.
    package static let documentBytesAtMost = 4 << 20
    /// A layer as it is stored.
    package static let layerBytesAtMost = 256 << 20
    /// A layer after it was unpacked.
    package static let unpackedLayerBytesAtMost = 320 << 20
    /// An archive of `docker save` or of an OCI layout.
    package static let archiveBytesAtMost = 1 << 30
    package static let layersAtMost = 128
    /// Files, folders and links of all layers.
    package static let entriesAtMost = 100_000
    /// Of an index.
    package static let manifestsAtMost = 200
    /// Indexes within indexes.
    package static let indexDepthAtMost = 4
    package static let pathBytesAtMost = 4_096
    /// Links that are followed to a file.
    package static let linksAtMost = 16
}
