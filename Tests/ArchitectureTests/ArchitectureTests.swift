import Foundation
import Testing

/// The layers of DESIGN: a module may import modules of lower layers, and of its own layer only those
/// that stand before it in the list, so that arrows point down and never in a circle.
private let layers: [(name: String, modules: [String])] = [
    ("L0", ["MechaCore", "MechaExpressions", "MechaSchedule", "MechaManifest", "MechaResiliency"]),
    ("L1", ["MechaTelemetry", "MechaProto", "MechaWire", "MechaTelemetryExport", "MechaWasm"]),
    (
        "L2",
        [
            "MechaInMemory", "MechaSQLite", "MechaRedis", "MechaMQTT", "MechaRabbitMQ", "MechaCron", "MechaNATS", "MechaHTTPBinding",
            "MechaLocalStorage", "MechaMiddleware", "MechaKafka",
            "MechaLocalSecrets", "MechaNameResolution",
        ]
    ),
    ("L3", ["MechaPolicies", "MechaInvocation", "MechaMessaging", "MechaHost", "MechaFunctions"]),
    ("L4", ["DaprAPI", "AdminAPI"]),
    ("L5", ["MechaRuntime", "mecha"]),
]

/// The only imports between components: one store's file format serves another block.
private let sharedComponents: [String: Set<String>] = ["MechaNameResolution": ["MechaSQLite"]]

@Suite struct ArchitectureTests {
    private let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources")

    private func folder(of module: String) -> URL {
        let name = layers[2].modules.contains(module) ? "Components/" + module.dropFirst("Mecha".count) : module
        return sources.appending(path: String(name))
    }

    private func imports(of module: String) throws -> [(file: String, imported: String)] {
        let files = FileManager.default.enumerator(at: folder(of: module), includingPropertiesForKeys: nil)
        var found: [(String, String)] = []
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where line.contains("import ") {
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"),
                    words[..<index].allSatisfy({ $0.hasPrefix("@") || $0 == "public" || $0 == "package" || $0 == "internal" }),
                    let imported = words.last
                else { continue }
                found.append((file.lastPathComponent, String(imported.split(separator: ".")[0])))
            }
        }
        return found
    }

    @Test(arguments: layers.flatMap(\.modules))
    func `imports point down`(module: String) throws {
        let order = layers.flatMap(\.modules)
        let rank = try #require(order.firstIndex(of: module))
        let layer = try #require(layers.firstIndex { $0.modules.contains(module) })
        let found = try imports(of: module)
        #expect(!found.isEmpty || module == "MechaCore", "no imports found: is the folder of \(module) where this test looks?")
        for (file, imported) in found {
            guard let importedRank = order.firstIndex(of: imported) else { continue }
            #expect(importedRank < rank || imported == module, "\(module)/\(file) imports \(imported), which stands above it")
            if layer == 2, layers[2].modules.contains(imported) {
                #expect(
                    sharedComponents[module]?.contains(imported) == true,
                    "\(module)/\(file) imports the component \(imported); components never import each other")
            }
            if layer == 3 || layer == 4 {
                #expect(
                    !layers[2].modules.contains(imported), "\(module)/\(file) names the component \(imported); engines know contracts only")
            }
        }
    }

    @Test func `every module of the sources stands in a layer`() throws {
        let known = Set(layers.flatMap(\.modules))
        let support: Set = ["CProcess", "CRdKafka", "CSQLite", "CWasmtime", "CZlib", "Components", "MechaTestKit"]
        for name in try FileManager.default.contentsOfDirectory(atPath: sources.path) where !name.hasPrefix(".") {
            #expect(known.contains(name) || support.contains(name) || name.hasSuffix("-probe"), "Sources/\(name) stands in no layer")
        }
    }
}
