import MechaWire
import NIOCore

/// Images of registries: fetched for deployments, and brought there.
public struct ImageRegistry: Sendable {
    private let client: HTTPClient
    /// Says where Docker's configuration is.
    private let environment: [String: String]

    public init(client: HTTPClient, environment: [String: String]) {
        self.client = client
        self.environment = environment
    }

    /// The module of an image; each part of it has been compared with its digest.
    public func pull(_ reference: ImageReference, isInsecure: Bool) async throws(FunctionBaseError) -> ImageModule {
        let registry = try registry(reference, isInsecure)
        let root = try await registry.root()
        var module = try await ImageReader(source: FetchedRoot(registry: registry, root: root)).module(root.descriptor)
        var resolved = reference
        resolved.digest = root.descriptor.digest
        module.source = resolved.description
        return module
    }

    /// The name with the digest under which the image can be had now.
    public func push(_ package: ImagePackage, to reference: ImageReference, isInsecure: Bool) async throws(FunctionBaseError)
        -> ImageReference
    {
        guard reference.digest == nil else {
            throw FunctionBaseError(.invalid, "\(reference) has a digest; expected a tag to push to")
        }
        let registry = try registry(reference, isInsecure)
        for blob in package.blobs { try await registry.push(blob.bytes, as: blob.descriptor) }
        var pushed = reference
        if pushed.tag == nil { pushed.tag = "latest" }
        try await self.registry(pushed, isInsecure).push(manifest: package.manifest.bytes, package.manifest.descriptor)
        pushed.digest = package.digest
        return pushed
    }

    private func registry(_ reference: ImageReference, _ isInsecure: Bool) throws(FunctionBaseError) -> RegistryClient {
        RegistryClient(
            reference, client: client, credentials: try .load(reference.registry, environment: environment), isInsecure: isInsecure)
    }
}

/// A registry of which the first document is there already.
private struct FetchedRoot: BlobSource {
    let registry: RegistryClient
    let root: (descriptor: ImageDescriptor, bytes: ByteBuffer)
    var name: String { registry.name }

    func blob(_ descriptor: ImageDescriptor) async throws(FunctionBaseError) -> ByteBuffer {
        descriptor.digest == root.descriptor.digest ? root.bytes : try await registry.blob(descriptor)
    }
}
