/// What a manifest file may cost at most. Everything beyond is refused with an error that names the limit.
public struct ManifestLimits: Sendable, Equatable {
    public var maximumFileBytes = 1 << 20
    /// Files read from one folder.
    public var maximumFilesPerFolder = 1_000
    public var maximumDocumentsPerFile = 1_000
    /// Mappings and lists inside each other, aliases expanded.
    public var maximumNestingLevels = 64
    /// Scalars, lists and mappings of one document, each alias counted as a copy of what it names.
    public var maximumNodesPerDocument = 100_000
    /// Errors and warnings listed per file; later ones are only counted.
    public var maximumProblemsPerFile = 100

    public init() {}
}
