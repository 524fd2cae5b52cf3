import Logging
import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1

/// `middleware.http.oauth2`: sends people who have no session to their provider to log in (RFC 6749 section 4.1)
/// and gives the requests of those who have one their token. The session is a sealed cookie, so that nothing is
/// kept here and any runtime with the same key knows it.
public final class OAuth2Middleware: HTTPMiddleware {
    /// How long a login at the provider may take.
    static let loginTime = Duration.seconds(600)
    /// Of a token whose lifetime the provider does not tell.
    static let assumedLifetime = Duration.seconds(3600)
    /// Larger cookies are thrown away by browsers without a word.
    static let maximumCookieBytes = 4093

    private let settings: OAuth2Settings
    private let seal: SessionSeal
    private let fetcher: WebFetcher
    private let endpoint: TokenEndpoint
    private let clock: any MechaClock
    private let logger: Logger
    private let makeState: @Sendable () -> String

    init(_ settings: OAuth2Settings, environment: ComponentEnvironment, makeState: @escaping @Sendable () -> String = { RandomID.uuid() }) {
        self.settings = settings
        self.makeState = makeState
        clock = environment.clock
        logger = environment.logger
        seal = SessionSeal(secret: settings.encryptionKey, clientID: settings.clientID)
        fetcher = WebFetcher(environment.eventLoopGroup)
        endpoint = TokenEndpoint(
            url: settings.tokenURL, clientID: settings.clientID, clientSecret: settings.clientSecret, fetcher: fetcher)
    }

    public let status = ComponentStatus.ready

    public func start() async throws {
        try await fetcher.start()
        if settings.encryptionKey == nil {
            logger.warning("oauth2 has no tokenEncryptionKey: sessions end with this process, and no other one knows them")
        }
    }

    public func close() async { await fetcher.close() }

    public func judge(_ request: inout MiddlewareRequest) -> MiddlewareVerdict {
        guard settings.filter.concerns(request.path) else { return .pass }
        let session = cookie(of: request.head.headers).flatMap { seal.open($0, at: clock.now()) }
        if case .loggedIn(let value)? = session {
            request.head.headers.replaceOrAdd(name: settings.headerName, value: value)
            return .pass
        }
        guard case .loggingIn(let expected, let target)? = session, let state = FormText.queryValue("state", of: request.head.uri) else {
            return login(request)
        }
        guard state == expected else { return .answer(.refusal(.badRequest, "invalid state")) }
        guard let code = FormText.queryValue("code", of: request.head.uri), !code.isEmpty else {
            return .answer(.refusal(.badRequest, "code not found"))
        }
        return .later { [self] request in await exchange(code, target: target, request) }
    }

    // MARK: - Steps of a login

    private func login(_ request: MiddlewareRequest) -> MiddlewareVerdict {
        let state = makeState()
        return redirect(
            to: settings.authorization(state: state), keeping: .loggingIn(state: state, target: request.head.uri), for: Self.loginTime,
            request)
    }

    private func exchange(_ code: String, target: String, _ request: MiddlewareRequest) async -> MiddlewareVerdict {
        let token: TokenEndpoint.Token
        do {
            token = try await endpoint.token([
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", settings.redirectURL),
            ])
        } catch {
            logger.error("a code cannot be exchanged for a token: \(error)")
            return .answer(.refusal(.internalServerError))
        }
        return redirect(
            to: location(of: target, request), keeping: .loggedIn(headerValue: token.headerValue),
            for: token.lifetime ?? Self.assumedLifetime, request)
    }

    /// Of this host whatever the target says: with two slashes it would name another one.
    private func location(of target: String, _ request: MiddlewareRequest) -> String {
        let path = "/" + target.drop { $0 == "/" || $0 == "\\" }
        guard settings.isHTTPSForced, let host = request.head.headers.first(name: "host") else { return path }
        return "https://\(host)\(path)"
    }

    private func redirect(
        to location: String, keeping content: SessionContent, for lifetime: Duration, _ request: MiddlewareRequest
    ) -> MiddlewareVerdict {
        do {
            let value = try seal.seal(content, until: clock.now() + lifetime)
            var cookie = "\(settings.cookieName)=\(value); Path=/; Max-Age=\(lifetime.wholeNanoseconds / 1_000_000_000); HttpOnly"
            if request.isSecure || settings.isHTTPSForced { cookie += "; Secure" }
            cookie += "; SameSite=Lax"
            guard cookie.utf8.count <= Self.maximumCookieBytes else {
                throw CapabilityError(.resourceExhausted, "the session does not fit into a cookie")
            }
            return .answer(MiddlewareAnswer(.found, headers: ["location": location, "set-cookie": cookie, "cache-control": "no-store"]))
        } catch {
            logger.error("a session cannot be begun: \(error)")
            return .answer(.refusal(.internalServerError))
        }
    }

    private func cookie(of headers: HTTPHeaders) -> Substring? {
        for header in headers["cookie"] {
            for pair in header.split(separator: ";") {
                let pair = pair.trimmingBlanks()
                guard pair.hasPrefix(settings.cookieName) else { continue }
                let rest = pair.dropFirst(settings.cookieName.count)
                if rest.first == "=" { return rest.dropFirst() }
            }
        }
        return nil
    }

    /// `middleware.http.oauth2`, version 1.
    public static let descriptor = ComponentDescriptor(
        type: "middleware.http.oauth2", summary: "Has people log in at an OAuth 2.0 provider and passes their token on",
        fields: OAuth2Settings.fields
    ) { metadata, environment in OAuth2Middleware(try OAuth2Settings(metadata), environment: environment) }
}
