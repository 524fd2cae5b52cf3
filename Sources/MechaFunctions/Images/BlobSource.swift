import NIOCore

/// Where an image's parts are: a registry, a folder, an archive.
protocol BlobSource: Sendable {
    /// For messages.
    var name: String { get }

    /// The part with that digest; it has been compared with what came.
    func blob(_ descriptor: ImageDescriptor) async throws(FunctionBaseError) -> ByteBuffer
}
