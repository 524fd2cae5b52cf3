import NIOCore

/// An OCI image layout in a folder: `oci-layout`, `index.json`, `blobs/sha256/...`.
struct LayoutFolder: BlobSource {
    let path: String
    var name: String { path }

    static func isOne(_ path: String) -> Bool { FunctionFiles.exists("\(path)/oci-layout") || FunctionFiles.exists("\(path)/index.json") }

    func blob(_ descriptor: ImageDescriptor) async throws(FunctionBaseError) -> ByteBuffer {
        let file = "\(path)/blobs/sha256/\(ImageDigest.hexadecimal(descriptor.digest))"
        let bytes: [UInt8]
        do throws(FunctionFiles.Failure) {
            bytes = try FunctionFiles.read(file, atMost: descriptor.size)
        } catch {
            throw FunctionBaseError(.refused, "\(path) is no whole image: \(error)")
        }
        return try descriptor.verified(ByteBuffer(bytes: bytes), from: path)
    }

    func index() throws(FunctionBaseError) -> ByteBuffer {
        do throws(FunctionFiles.Failure) {
            return ByteBuffer(bytes: try FunctionFiles.read("\(path)/index.json", atMost: ImageLimits.documentBytesAtMost))
        } catch {
            throw FunctionBaseError(.refused, "\(path) is no image layout: \(error)")
        }
    }
}
