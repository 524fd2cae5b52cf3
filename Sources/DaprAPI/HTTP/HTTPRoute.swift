import NIOHTTP1

/// One row of Dapr's HTTP API: where it stands, how it may be allowed or denied, and what serves it.
struct HTTPRoute: Sendable {
    typealias Handler = @Sendable (HTTPCall) async throws -> Void

    let methods: [HTTPMethod]
    let version: APIVersion
    /// Path below the version: literals, `{name}` for one segment, a last `{name...}` for all that is left.
    let template: String
    let group: APIGroup
    let support: Support
    /// Nil answers "unimplemented".
    let handler: Handler?

    init(
        _ methods: HTTPMethod..., at template: String, _ version: APIVersion = .v1, _ group: APIGroup,
        _ support: Support? = nil, handler: Handler? = nil
    ) {
        self.methods = methods
        self.version = version
        self.template = template
        self.group = group
        self.support = support ?? (handler == nil ? .notYet : .works)
        self.handler = handler
    }

    /// The full path with its placeholders: the label of metrics and logs.
    var fullTemplate: String { "/\(version.rawValue)/\(template)" }
}
