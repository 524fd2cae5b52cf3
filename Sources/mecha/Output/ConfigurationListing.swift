import MechaCore
import Yams

/// One Configuration resource as `configurations` shows it.
struct ConfigurationListing: Sendable, Equatable {
    var name: String
    var namespace: String
    /// Whether any trace is sampled.
    var isTraced: Bool
    var isMetered: Bool
    var path: String

    /// The Configuration resources of a file.
    static func read(_ path: String) throws(CommandError) -> [ConfigurationListing] {
        let text: String
        do {
            text = String(decoding: try Files.read(path), as: UTF8.self)
        } catch {
            throw CommandError("Cannot read '\(path)': \(error.reason)")
        }
        do {
            return try compose_all(yaml: text).compactMap { ConfigurationListing($0, path: path) }
        } catch {
            throw CommandError("'\(path)' is not YAML: \(String(describing: error).prefix { !$0.isNewline })")
        }
    }

    private init?(_ document: Node, path: String) {
        guard document["kind"]?.string == "Configuration" else { return nil }
        let spec = document["spec"]
        let rate = spec?["tracing"]?["samplingRate"]?.string.flatMap { Double($0) } ?? 0
        name = document["metadata"]?["name"]?.string ?? ""
        namespace = document["metadata"]?["namespace"]?.string ?? ""
        isTraced = rate > 0
        isMetered = (spec?["metric"] ?? spec?["metrics"])?["enabled"]?.bool ?? true
        self.path = path
    }

    var json: JSON {
        [
            "name": .string(name), "namespace": .string(namespace), "tracingEnabled": .bool(isTraced),
            "metricsEnabled": .bool(isMetered), "file": .string(path),
        ]
    }
}
