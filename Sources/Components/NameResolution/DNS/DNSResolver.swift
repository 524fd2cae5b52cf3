import MechaCore
import Synchronization

/// `nameresolution.dns`: apps by host names that follow a pattern, as an orchestrator gives them.
/// Whoever runs the apps makes their names known; announcing does nothing here.
public final class DNSResolver: NameResolver {
    /// How long an answer serves when the name servers are away.
    static let staleLimit: Duration = .seconds(60)

    private let template: HostTemplate
    private let port: Int
    private let cache: EndpointCache
    private let lookup = HostLookup()
    private let isClosed = Atomic(false)

    init(template: HostTemplate, port: Int, freshness: Duration, clock: any MechaClock) {
        self.template = template
        self.port = port
        cache = EndpointCache(clock: clock, freshness: freshness, staleLimit: Self.staleLimit)
    }

    public var status: ComponentStatus { isClosed.load(ordering: .relaxed) ? ComponentStatus(.closed) : .ready }

    public func start() async throws { lookup.start() }

    public func close() async {
        isClosed.store(true, ordering: .relaxed)
        await lookup.close()
    }

    public func resolve(_ target: AppAddress) async throws -> [PeerEndpoint] {
        guard !isClosed.load(ordering: .relaxed) else { throw CapabilityError(.closed, "name resolution is closed") }
        let host = try template.host(of: target)
        return try await cache.endpoints(of: target) { [lookup, port] _ in
            try await lookup.addresses(of: host).map { PeerEndpoint(host: $0, port: port) }
        }
    }

    public func announce(_ registration: AppRegistration) async throws {}

    public func withdraw(_ registration: AppRegistration) async {}
}

extension DNSResolver {
    /// `nameresolution.dns/v1`. Dapr's `nameresolution.nameformat` is the same with the field `format`.
    public static let descriptor = ComponentDescriptor(
        type: "nameresolution.dns",
        aliases: ["nameresolution.nameformat"],
        summary: "Finds apps by host names that follow a pattern.",
        fields: [
            MetadataField(
                "template", .string, default: "{appID}.{namespace}.svc", "Host name of an app; {appID} and {namespace} are replaced."),
            MetadataField("format", .string, "Dapr's name for template."),
            MetadataField("port", .integer, default: "50002", "Port on which the apps' runtimes listen for their peers."),
            MetadataField("cacheTTL", .duration, default: "10s", "How long an answer is given again."),
        ],
        make: { metadata, environment in
            let field = metadata.string("template") == nil && metadata.string("format") != nil ? "format" : "template"
            return DNSResolver(
                template: try HostTemplate(metadata.string(field, default: "{appID}.{namespace}.svc"), field: field),
                port: try metadata.integer("port", default: 50_002, in: 1...65_535),
                freshness: try metadata.duration("cacheTTL", default: .seconds(10)), clock: environment.clock)
        })
}
