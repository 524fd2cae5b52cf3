import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1
import Synchronization

/// Speaks with a registry about one repository (OCI distribution specification, Docker's HTTP API v2): TLS, except on
/// loopback or where plain HTTP was asked for; tokens and basic authentication with what Docker's configuration has.
package final class RegistryClient: BlobSource {
    private let client: HTTPClient
    private let credentials: RegistryCredentials
    private let reference: ImageReference
    private let isInsecure: Bool
    private let isLoopback: Bool

    private struct State {
        /// Found out with the first request.
        var isSecure: Bool
        /// For `authorization`.
        var authorization: String?
    }

    private let state: Mutex<State>

    static let redirectsAtMost = 5
    /// What befalls a TLS greeting to a server that speaks none.
    private static let meansNoTLS: [WireError.Code] = [.tlsFailed, .connectionClosed, .malformed]
    /// A module of the largest size over a slow line.
    static let patience = TimeAmount.minutes(5)

    /// - Parameter isInsecure: plain HTTP may be spoken to a registry of another machine.
    package init(_ reference: ImageReference, client: HTTPClient, credentials: RegistryCredentials, isInsecure: Bool = false) {
        self.reference = reference
        self.client = client
        self.credentials = credentials
        self.isInsecure = isInsecure
        let host = reference.registry.hasPrefix("[") ? reference.registry : String(reference.registry.prefix { $0 != ":" })
        isLoopback = host == "localhost" || host.hasPrefix("127.") || host.hasPrefix("[::1]")
        state = Mutex(State(isSecure: true))
    }

    package var name: String { reference.description }

    private var host: String { reference.registry == ImageReference.dockerHub ? "registry-1.docker.io" : reference.registry }

    // MARK: - Pulling

    /// The manifest (or index) that the reference names.
    func root() async throws(FunctionBaseError) -> (descriptor: ImageDescriptor, bytes: ByteBuffer) {
        let answer = try await send(
            .GET, "manifests/\(reference.selector)", headers: ["accept": ImageMediaType.accepted.joined(separator: ", ")],
            limit: ImageLimits.documentBytesAtMost)
        guard answer.status == .ok else { throw failure(answer, "the manifest") }
        let type = answer.headers.first(name: "content-type").map { String($0.prefix { $0 != ";" }) } ?? ""
        let descriptor = ImageDescriptor(type, of: answer.body)
        if let wanted = reference.digest, wanted != descriptor.digest {
            throw FunctionBaseError(.refused, "\(name): the registry's manifest has the digest \(descriptor.digest)")
        }
        return (descriptor, answer.body)
    }

    func blob(_ descriptor: ImageDescriptor) async throws(FunctionBaseError) -> ByteBuffer {
        // What an index points to is a manifest, which registries keep apart from blobs.
        let isManifest = ImageMediaType.accepted.contains(descriptor.mediaType)
        let answer = try await send(
            .GET, "\(isManifest ? "manifests" : "blobs")/\(descriptor.digest)",
            headers: isManifest ? ["accept": descriptor.mediaType] : [:], limit: descriptor.size)
        guard answer.status == .ok else { throw failure(answer, descriptor.digest) }
        return try descriptor.verified(answer.body, from: name)
    }

    // MARK: - Pushing

    func push(_ bytes: ByteBuffer, as descriptor: ImageDescriptor) async throws(FunctionBaseError) {
        let known = try await send(.HEAD, "blobs/\(descriptor.digest)")
        if known.status == .ok { return }
        let begun = try await send(.POST, "blobs/uploads/", body: ByteBuffer())
        guard begun.status == .accepted, let location = begun.headers.first(name: "location") else {
            throw failure(begun, "an upload")
        }
        let mark = location.contains("?") ? "&" : "?"
        let done = try await send(
            .PUT, "\(location)\(mark)digest=\(PercentCoding.encode(descriptor.digest, keeping: PercentCoding.isUnreserved))",
            headers: ["content-type": "application/octet-stream"], body: bytes)
        guard done.status == .created else { throw failure(done, "the upload of \(descriptor.digest)") }
    }

    func push(manifest bytes: ByteBuffer, _ descriptor: ImageDescriptor) async throws(FunctionBaseError) {
        let answer = try await send(
            .PUT, "manifests/\(reference.tag ?? descriptor.digest)", headers: ["content-type": descriptor.mediaType], body: bytes)
        guard answer.status == .created else { throw failure(answer, "the manifest") }
    }

    private func failure(_ answer: ClientResponse, _ what: String) -> FunctionBaseError {
        let errors = (try? JSON.parse(answer.body))?["errors"]?.arrayValue ?? []
        let told = errors.first.map { "\($0["code"]?.stringValue ?? "") \($0["message"]?.stringValue ?? "")" }?.prefix(300)
        var message = "\(name): the registry answered \(answer.status.code) for \(what)\(told.map { " (\($0))" } ?? "")"
        switch answer.status {
        case .unauthorized, .forbidden:
            if let helper = credentials.helper {
                message += "; the password is with docker-credential-\(helper), which is not asked here: put auth into config.json"
            } else if credentials.userInfo == nil, credentials.identityToken == nil {
                message += "; there is no password for \(reference.registry) in Docker's config.json"
            }
            return FunctionBaseError(.refused, message)
        case .notFound: return FunctionBaseError(.notFound, message)
        default: return FunctionBaseError(.unavailable, message)
        }
    }

    // MARK: - Requests

    /// - Parameter path: below the repository, or an absolute URL or path that the registry named.
    private func send(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: ByteBuffer? = nil, limit: Int = 1 << 20
    ) async throws(FunctionBaseError) -> ClientResponse {
        var answer = try await attempt(method, path, headers, body, limit)
        if answer.status == .unauthorized, let challenge = answer.headers["www-authenticate"].lazy.compactMap({ AuthChallenge($0) }).first {
            guard try await authorize(challenge, pushes: method != .GET && method != .HEAD || body != nil) else { return answer }
            answer = try await attempt(method, path, headers, body, limit)
        }
        return answer
    }

    private func attempt(
        _ method: HTTPMethod, _ path: String, _ headers: HTTPHeaders, _ body: ByteBuffer?, _ limit: Int
    ) async throws(FunctionBaseError) -> ClientResponse {
        let refusal: WireError
        do throws(WireError) {
            return try await follow(method, try url(path), headers, body, limit)
        } catch {
            // A registry on this machine, or one that was said to, may speak no TLS.
            guard isLoopback || isInsecure, state.withLock({ $0.isSecure }), Self.meansNoTLS.contains(error.code) else {
                throw unreachable(error)
            }
            refusal = error
        }
        state.withLock { $0.isSecure = false }
        do throws(WireError) {
            let answer = try await follow(method, try url(path), headers, body, limit)
            // So do servers of TLS answer who speaks none: the certificate was the trouble.
            if answer.status == .badRequest { throw refusal }
            return answer
        } catch {
            state.withLock { $0.isSecure = true }
            throw unreachable(refusal)
        }
    }

    private func unreachable(_ error: WireError) -> FunctionBaseError {
        error.code == .tooLarge
            ? FunctionBaseError(.refused, "\(name): \(error.message), which is more than the image says")
            : FunctionBaseError(.unavailable, "\(name): the registry \(host) cannot be reached: \(error.message)")
    }

    private func url(_ path: String) throws(WireError) -> WebURL {
        let scheme = state.withLock { $0.isSecure } ? "https" : "http"
        let base = "\(scheme)://\(host)/v2/\(reference.repository)/"
        let url = path.contains("://") ? WebURL(path) : path.hasPrefix("/") ? WebURL("\(scheme)://\(host)\(path)") : WebURL(base + path)
        guard let url else { throw WireError(.malformed, "\"\(path.prefix(200))\" is no URL") }
        return url
    }

    private func follow(
        _ method: HTTPMethod, _ first: WebURL, _ headers: HTTPHeaders, _ body: ByteBuffer?, _ limit: Int
    ) async throws(WireError) -> ClientResponse {
        var url = first
        for _ in 0...Self.redirectsAtMost {
            var headers = headers
            headers.replaceOrAdd(name: "user-agent", value: "mecha/\(MechaVersion.current)")
            // Where the registry sends us to is not who the password is for.
            if url.origin == first.origin, let authorization = state.withLock({ $0.authorization }) {
                headers.replaceOrAdd(name: "authorization", value: authorization)
            }
            let answer = try await once(method, url, headers, body, limit)
            guard [301, 302, 303, 307, 308].contains(Int(answer.status.code)), method == .GET || method == .HEAD else { return answer }
            guard let location = answer.headers.first(name: "location"), let next = url.resolved(location) else {
                throw WireError(.malformed, "it redirects to nowhere")
            }
            if first.isSecure, !next.isSecure, !isInsecure { throw WireError(.malformed, "it redirects to plain HTTP") }
            url = next
        }
        throw WireError(.malformed, "it redirects more than \(Self.redirectsAtMost) times")
    }

    private func once(
        _ method: HTTPMethod, _ url: WebURL, _ headers: HTTPHeaders, _ body: ByteBuffer?, _ limit: Int
    ) async throws(WireError) -> ClientResponse {
        var tls: ClientTLS?
        if url.isSecure {
            var settings = ClientTLS()
            settings.rootCertificates = credentials.rootCertificates
            tls = settings
        }
        let origin = Origin(.tcp(host: url.host, port: url.port), tls: tls)
        var request = ClientRequest(method, url.target, at: origin, headers: headers, body: body)
        // Errors are documents of their own.
        request.responseBodyLimitBytes = max(limit, 64 << 10)
        do {
            return try await client.execute(request, deadline: .now() + Self.patience)
        } catch {
            throw error as? WireError ?? WireError(.connectFailed, "\(error)")
        }
    }

    // MARK: - Who we are

    /// False when nothing better can be sent than was.
    private func authorize(_ challenge: AuthChallenge, pushes: Bool) async throws(FunctionBaseError) -> Bool {
        let before = state.withLock { $0.authorization }
        let authorization: String
        switch challenge.scheme {
        case "basic":
            guard let user = credentials.userInfo else { return false }
            authorization = "Basic \(Base64.encode(user.utf8))"
        case "bearer": authorization = "Bearer \(try await token(challenge, pushes: pushes))"
        default:
            throw FunctionBaseError(
                .refused, "\(name): the registry wants authentication by \(challenge.scheme.prefix(40)); expected basic or bearer")
        }
        guard authorization != before else { return false }
        state.withLock { $0.authorization = authorization }
        return true
    }

    private func token(_ challenge: AuthChallenge, pushes: Bool) async throws(FunctionBaseError) -> String {
        guard let realm = challenge.parameters["realm"].flatMap({ WebURL($0) }) else {
            throw FunctionBaseError(.refused, "\(name): the registry names no place for tokens")
        }
        guard realm.isSecure || isInsecure || isLoopback else {
            throw FunctionBaseError(.refused, "\(name): the registry wants its token fetched by plain HTTP from \(realm.origin)")
        }
        var fields: [(String, String)] = []
        if let service = challenge.parameters["service"] { fields.append(("service", service)) }
        let scope = challenge.parameters["scope"] ?? "repository:\(reference.repository):\(pushes ? "pull,push" : "pull")"
        fields.append(("scope", scope))
        var headers: HTTPHeaders = ["accept": "application/json"]
        let answer: ClientResponse
        do throws(WireError) {
            if let token = credentials.identityToken {
                fields += [("grant_type", "refresh_token"), ("client_id", "mecha"), ("refresh_token", token)]
                headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
                answer = try await once(.POST, realm, headers, ByteBuffer(string: Self.form(fields)), 1 << 20)
            } else {
                if let user = credentials.userInfo { headers.add(name: "authorization", value: "Basic \(Base64.encode(user.utf8))") }
                var url = realm
                url.target += (url.target.contains("?") ? "&" : "?") + Self.form(fields)
                answer = try await once(.GET, url, headers, nil, 1 << 20)
            }
        } catch {
            throw FunctionBaseError(.unavailable, "\(name): no token from \(realm.origin): \(error.message)")
        }
        guard answer.status == .ok else { throw failure(answer, "a token from \(realm.origin)") }
        let document = (try? JSON.parse(answer.body)) ?? .null
        guard let token = document["token"]?.stringValue ?? document["access_token"]?.stringValue,
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { throw FunctionBaseError(.refused, "\(name): \(realm.origin) answered with no token") }
        return token
    }

    private static func form(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0)=\(PercentCoding.encode($0.1, keeping: PercentCoding.isUnreserved))" }.joined(separator: "&")
    }
}
