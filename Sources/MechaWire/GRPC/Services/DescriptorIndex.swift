import MechaCore
import MechaProto
import SwiftProtobuf

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Finds descriptors by file name and by symbol.
struct DescriptorIndex: Sendable {
    struct File: Sendable {
        var name: String
        var imports: [String]
        /// The serialized google.protobuf.FileDescriptorProto.
        var bytes: Data
    }

    /// That of our own `Protos/`.
    static let shared = DescriptorIndex(
        Base64.decode(String(describing: ReflectionDescriptors.base64)).flatMap {
            try? Google_Protobuf_FileDescriptorSet(serializedBytes: $0)
        } ?? .init())

    private var filesByName: [String: File] = [:]
    private var fileBySymbol: [String: String] = [:]

    init(_ set: Google_Protobuf_FileDescriptorSet) {
        for file in set.file {
            guard let bytes: Data = try? file.serializedBytes() else { continue }
            filesByName[file.name] = File(name: file.name, imports: file.dependency, bytes: bytes)
            let symbols = file.messageType.flatMap(Self.symbols) + file.enumType.map(\.name) + file.service.flatMap(Self.symbols)
            for symbol in symbols {
                fileBySymbol[file.package.isEmpty ? symbol : "\(file.package).\(symbol)"] = file.name
            }
        }
    }

    /// The file and all it imports, each once, the asked one first. Nil when it is not known.
    func files(from name: String) -> [File]? {
        guard let first = filesByName[name] else { return nil }
        var found = [first]
        var seen: Set = [name]
        var position = 0
        while position < found.count {
            for name in found[position].imports where seen.insert(name).inserted {
                if let file = filesByName[name] { found.append(file) }
            }
            position += 1
        }
        return found
    }

    /// The file that declares a message, enum, service or method by its full name, and all it imports.
    func files(declaring symbol: String) -> [File]? { fileBySymbol[symbol].flatMap(files(from:)) }

    private static func symbols(of message: Google_Protobuf_DescriptorProto) -> [String] {
        let inner = message.nestedType.flatMap(symbols) + message.enumType.map(\.name)
        return [message.name] + inner.map { "\(message.name).\($0)" }
    }

    private static func symbols(of service: Google_Protobuf_ServiceDescriptorProto) -> [String] {
        [service.name] + service.method.map { "\(service.name).\($0.name)" }
    }
}
