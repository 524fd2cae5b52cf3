import MechaCore
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Modules on disk, in whatever they come: as themselves, alone in a folder, in an OCI layout (a folder or an archive),
/// in what `docker save` writes. Blocks.
public enum ModuleFiles {
    /// - Parameter path: a file or folder; `#name` behind it chooses among the images of a layout.
    public static func module(at path: String) async throws(FunctionBaseError) -> ImageModule {
        var (path, wanted) = (path, String?.none)
        if !FunctionFiles.exists(path), let mark = path.lastIndex(of: "#") {
            wanted = String(path[path.index(after: mark)...])
            path = String(path[..<mark])
        }
        if FunctionFiles.isFolder(path) {
            if LayoutFolder.isOne(path) {
                let layout = LayoutFolder(path: path)
                return try await module(index: try layout.index(), of: layout, named: wanted)
            }
            return try module(inFolder: path)
        }
        let bytes: ByteBuffer
        do throws(FunctionFiles.Failure) {
            bytes = ByteBuffer(bytes: try FunctionFiles.read(path, atMost: ImageLimits.archiveBytesAtMost))
        } catch {
            throw FunctionBaseError(error)
        }
        let plain = try ImageReader.unpacked(bytes, path)
        guard plain.getBytes(at: plain.readerIndex, length: 4) != [0x00, 0x61, 0x73, 0x6d], TarArchive.isOne(plain) else {
            // What is no module the engine tells better.
            return ImageModule(plain, source: name(of: path))
        }
        let archive = try LayoutArchive(plain, name: path)
        if let index = archive.file("index.json") { return try await module(index: index, of: archive, named: wanted) }
        if let manifest = archive.file("manifest.json") { return try archive.savedModule(manifest) }
        throw FunctionBaseError(.refused, "\(path) is an archive, but of no image: it has neither index.json nor manifest.json")
    }

    private static func module(inFolder path: String) throws(FunctionBaseError) -> ImageModule {
        let names = FunctionFiles.names(in: path).filter { $0.hasSuffix(".wasm") }
        guard let name = names.first, names.count == 1 else {
            throw FunctionBaseError(
                .invalid, "the folder \(path) is no image layout and has \(names.count) files that end in .wasm; expected one")
        }
        do throws(FunctionFiles.Failure) {
            let bytes = try FunctionFiles.read("\(path)/\(name)", atMost: FunctionStore.moduleBytesAtMost)
            return ImageModule(ByteBuffer(bytes: bytes), source: name)
        } catch {
            throw FunctionBaseError(error)
        }
    }

    private static func module(
        index: ByteBuffer, of source: any BlobSource, named wanted: String?
    ) async throws(FunctionBaseError) -> ImageModule {
        let document: JSON
        do throws(JSONError) { document = try JSON.parse(index) } catch {
            throw FunctionBaseError(.refused, "\(source.name): index.json is not understood: \(error)")
        }
        var manifests = try ImageReader.manifests(document)
        if let wanted {
            let names = manifests.compactMap(\.referenceName)
            manifests = manifests.filter { $0.referenceName == wanted || $0.referenceName?.hasSuffix(":\(wanted)") == true }
            guard !manifests.isEmpty else {
                throw FunctionBaseError(
                    .notFound, "\(source.name) has no image of the name \(wanted); it has \(names.prefix(20).joined(separator: ", "))")
            }
        } else if Set(manifests.map { $0.referenceName ?? "" }).count > 1 {
            let names = manifests.compactMap(\.referenceName)
            throw FunctionBaseError(
                .invalid, "\(source.name) has several images; choose one by #NAME: \(names.prefix(20).joined(separator: ", "))")
        }
        var module = try await ImageReader(source: source).module(try ImageReader.choose(manifests, in: source.name))
        module.source = name(of: source.name)
        return module
    }

    private static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
