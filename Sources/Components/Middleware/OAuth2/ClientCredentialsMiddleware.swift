import Logging
import MechaCore
import MechaWire

/// `middleware.http.oauth2clientcredentials`: gives requests a token that the runtime gets for itself by the
/// client credentials grant (RFC 6749 section 4.4).
public final class ClientCredentialsMiddleware: HTTPMiddleware {
    private let headerName: String
    private let filter: PathFilter
    private let fetcher: WebFetcher
    private let tokens: TokenCache
    private let logger: Logger

    init(_ metadata: ComponentMetadata, environment: ComponentEnvironment) throws {
        headerName = try HeaderField.name("headerName", metadata)
        filter = try PathFilter(metadata)
        logger = environment.logger
        guard let style = TokenEndpoint.ClientAuthentication(rawValue: try metadata.integer("authStyle") ?? 0) else {
            throw MetadataError(field: "authStyle", problem: "is none", expected: "0 (find out), 1 (form) or 2 (header)")
        }
        fetcher = WebFetcher(environment.eventLoopGroup)
        let endpoint = TokenEndpoint(
            url: try WebFetcher.url("tokenURL", metadata), clientID: try metadata.required("clientID"),
            clientSecret: try metadata.required("clientSecret"), style: style, fetcher: fetcher)
        var parameters = [("grant_type", "client_credentials")]
        parameters.append(("scope", Scopes.joined(try metadata.required("scopes"))))
        parameters += FormText.decode(metadata.string("endpointParamsQuery", default: ""))
        tokens = TokenCache(clock: environment.clock) { [parameters] in try await endpoint.token(parameters) }
    }

    public let status = ComponentStatus.ready
    public func start() async throws { try await fetcher.start() }
    public func close() async { await fetcher.close() }

    public func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict {
        guard filter.concerns(request.path) else { return .pass }
        if let value = tokens.current {
            request.head.headers.replaceOrAdd(name: headerName, value: value)
            return .pass
        }
        return .later { [self] request in
            do {
                request.head.headers.replaceOrAdd(name: headerName, value: try await tokens.fetched())
                return .pass
            } catch {
                logger.error("no token can be got for a request: \(error)")
                return .answer(.refusal(.badGateway, "no token can be got for the request"))
            }
        }
    }

    /// `middleware.http.oauth2clientcredentials`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "middleware.http.oauth2clientcredentials",
        summary: "Gives requests a token that the runtime gets by the client credentials grant",
        fields: [
            MetadataField("clientID", .string, required: true, "Client id at the provider"),
            MetadataField("clientSecret", .string, required: true, secret: true, "Client secret at the provider"),
            MetadataField("scopes", .string, required: true, "Scopes to ask for, with commas or blanks between them"),
            MetadataField("tokenURL", .string, required: true, "URL of the provider's token endpoint"),
            MetadataField("headerName", .string, required: true, "Header that carries the token, usually authorization"),
            MetadataField("endpointParamsQuery", .string, "Further parameters for the token endpoint, as a query: a=1&b=2"),
            MetadataField("authStyle", .integer, default: "0", "Client authentication: 0 find out, 1 in the form, 2 HTTP Basic"),
            PathFilter.field,
        ]
    ) { metadata, environment in try ClientCredentialsMiddleware(metadata, environment: environment) }
}
