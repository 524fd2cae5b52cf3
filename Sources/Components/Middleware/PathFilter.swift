import MechaCore
import MechaExpressions

/// Which requests a step concerns (`pathFilter`): those whose path matches; all without a filter.
struct PathFilter: Sendable {
    private let pattern: RegularExpression?

    init(_ metadata: ComponentMetadata) throws {
        pattern = try metadata.string("pathFilter").map { try RegularExpression(of: "pathFilter", in: metadata, text: $0) }
    }

    func concerns(_ path: Substring) -> Bool { pattern?.matches(String(path)) ?? true }

    static let field = MetadataField("pathFilter", .string, "Regular expression (RE2) of the paths that are concerned; all by default")
}
