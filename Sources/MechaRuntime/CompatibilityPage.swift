import DaprAPI
import MechaHost
import MechaManifest

/// docs/compatibility.md, made of the tables that the code runs on.
package enum CompatibilityPage {
    /// - Parameter commandLine: the section of the commands and flags, which are not known here.
    package static func text(commandLine: [String]) -> String {
        var lines = [
            "# Compatibility with Dapr", "",
            "Generated from the code's own tables; a test keeps it true (`MECHA_UPDATE_DOCS=1 swift test --filter CompatibilityPage` rewrites it).",
            "", "## HTTP routes", "", "| method | route | state |", "|---|---|---|",
        ]
        lines += DaprAPISurface.httpSupport.map { "| \($0.methods) | `\($0.path)` | \($0.support) |" }
        lines += ["", "## RPCs of `dapr.proto.runtime.v1.Dapr`", "", "| RPC | state |", "|---|---|"]
        lines += DaprAPISurface.grpcSupport.map { "| \($0.name) | \($0.support) |" }
        lines += ["", "Any other gRPC service is proxied to the app that `dapr-app-id` names; reflection and health are served.", ""]
        lines += ["## Resources", "", "| kind | apiVersion | state |", "|---|---|---|"]
        lines += ManifestLoader.supported.flatMap { kind, versions in
            versions.map { "| \(kind) | `\($0)` | decoded and checked completely |" }
        }
        lines += ManifestLoader.planned.map { "| \($0) | `dapr.io/v1alpha1` | not yet: passed over with a warning |" } + [""]
        lines += commandLine
        lines += ["## Components", "", "| type | state |", "|---|---|"]
        let built = Set(ComponentCatalog.mecha.descriptors.flatMap { [$0.type] + $0.aliases })
        lines += built.union(ReferenceComponents.types).sorted().map { type in
            // The page is the same whatever this build contains.
            let state = ComponentCatalog.traits[type].map { "works in builds with `--traits \($0)`" }
            return "| `\(type)` | \(state ?? (built.contains(type) ? "works" : "not yet")) |"
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
