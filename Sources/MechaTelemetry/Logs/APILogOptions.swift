/// What `logging.apiLogging` of a Configuration and `--enable-api-logging` decide.
public struct APILogOptions: Sendable, Equatable {
    public var isEnabled = false
    /// Shows the route's template in place of the path.
    public var obfuscatesURLs = false
    /// Leaves out calls of the health endpoints.
    public var omitsHealthChecks = false

    public init() {}
}
