import Logging
import MechaCore
import MechaWire
import NIOHTTP1
import Synchronization

/// `middleware.http.bearer`: lets in who brings a token of an OpenID Connect issuer for an audience; others get 401.
public final class BearerMiddleware: HTTPMiddleware {
    private let settings: BearerSettings
    private let fetcher: WebFetcher
    private let keys: KeySetCache
    private let clock: any MechaClock
    private let logger: Logger

    init(_ settings: BearerSettings, environment: ComponentEnvironment) {
        self.settings = settings
        clock = environment.clock
        logger = environment.logger
        let fetcher = WebFetcher(environment.eventLoopGroup)
        self.fetcher = fetcher
        keys = KeySetCache(clock: environment.clock, logger: environment.logger) {
            try await KeyDiscovery(settings, fetcher).keys()
        }
    }

    public var status: ComponentStatus {
        keys.current == nil ? ComponentStatus(.connecting, reason: "the issuer's keys are not known yet") : .ready
    }

    /// An issuer that cannot be reached yet is asked again by the first request.
    public func start() async throws {
        try await fetcher.start()
        _ = await keys.refreshed()
    }

    public func close() async { await fetcher.close() }

    public func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict {
        guard let text = Self.token(of: request.head.headers) else { return .answer(Self.unauthorized(nil)) }
        guard let token = JSONWebToken(text) else { return .answer(Self.unauthorized("the token is malformed")) }
        // Claims first: they are cheap, and a stranger's token is no reason to ask the issuer for keys.
        let objection = token.objection(
            issuer: settings.issuer, audience: settings.audience, at: clock.now(), skew: settings.clockSkew)
        if let objection { return .answer(Self.unauthorized(objection)) }
        guard let known = keys.current?.verifies(token) else {
            return .later { [self] _ in
                guard let keys = await keys.refreshed() else {
                    return .answer(.refusal(.serviceUnavailable, "the issuer's keys are not known"))
                }
                return Self.verdict(keys.verifies(token) ?? false)
            }
        }
        return Self.verdict(known)
    }

    private static func verdict(_ isVerified: Bool) -> MiddlewareVerdict {
        isVerified ? .pass : .answer(unauthorized("the token's signature is not of the issuer"))
    }

    /// The token of the one `authorization` header (RFC 6750 section 2.1).
    private static func token(of headers: HTTPHeaders) -> Substring? {
        let values = headers["authorization"]
        guard values.count == 1, values[0].utf8.count > 7, values[0].prefix(7).lowercased() == "bearer " else { return nil }
        return values[0].dropFirst(7).trimmingBlanks()
    }

    /// 401 with the challenge of RFC 6750 section 3; it names an error only when there was a token.
    private static func unauthorized(_ problem: String?) -> MiddlewareAnswer {
        let challenge = problem.map { "Bearer error=\"invalid_token\", error_description=\"\($0)\"" } ?? "Bearer"
        return .refusal(.unauthorized, headers: ["www-authenticate": challenge])
    }

    /// `middleware.http.bearer`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "middleware.http.bearer", summary: "Verifies bearer tokens of an OpenID Connect issuer", fields: BearerSettings.fields
    ) { metadata, environment in
        BearerMiddleware(try BearerSettings(metadata), environment: environment)
    }
}
