/// What loading gave: the resources that are usable, and everything that is wrong or doubtful, in the
/// order of files. Nothing is thrown; the caller decides whether errors stop it.
public struct ManifestReport: Sendable, Equatable {
    public var resources = ResourceSet()
    public var errors: [ManifestProblem] = []
    public var warnings: [ManifestProblem] = []

    public init() {}

    mutating func append(_ other: ManifestReport) {
        resources.append(other.resources)
        errors += other.errors
        warnings += other.warnings
    }
}
