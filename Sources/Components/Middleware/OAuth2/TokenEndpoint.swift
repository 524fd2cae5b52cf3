import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1
import Synchronization

/// The token endpoint of an OAuth 2.0 provider (RFC 6749 section 3.2).
final class TokenEndpoint: Sendable {
    /// How the client tells who it is (`authStyle`).
    enum ClientAuthentication: Int, Sendable {
        /// Tries the header first, then the form; what worked is kept.
        case automatic = 0
        /// `client_id` and `client_secret` in the form.
        case form = 1
        /// HTTP Basic.
        case header = 2
    }

    /// What the endpoint gave.
    struct Token: Sendable {
        /// `type token`, as it goes into a header.
        var headerValue: String
        /// Nil when the endpoint did not say.
        var lifetime: Duration?
    }

    private let url: WebURL
    private let clientID: String
    private let clientSecret: String
    private let fetcher: WebFetcher
    private let style: Mutex<ClientAuthentication>

    init(url: WebURL, clientID: String, clientSecret: String, style: ClientAuthentication = .automatic, fetcher: WebFetcher) {
        self.url = url
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.fetcher = fetcher
        self.style = Mutex(style)
    }

    /// Asks for a token. The parameters are those of the grant.
    func token(_ parameters: [(String, String)]) async throws -> Token {
        let style = style.withLock { $0 }
        guard style == .automatic else { return try Self.read(try await ask(parameters, style)) }
        let first = try await ask(parameters, .header)
        if first.status == .ok {
            self.style.withLock { $0 = .header }
            return try Self.read(first)
        }
        let second = try await ask(parameters, .form)
        if second.status == .ok { self.style.withLock { $0 = .form } }
        return try Self.read(second)
    }

    private func ask(_ parameters: [(String, String)], _ style: ClientAuthentication) async throws -> ClientResponse {
        var headers: HTTPHeaders = ["content-type": "application/x-www-form-urlencoded", "accept": "application/json"]
        var parameters = parameters
        if style == .form {
            parameters += [("client_id", clientID), ("client_secret", clientSecret)]
        } else {
            // Encoded first (RFC 6749 section 2.3.1).
            let pair = "\(FormText.encode(clientID)):\(FormText.encode(clientSecret))"
            headers.add(name: "authorization", value: "Basic \(Base64.encode(pair.utf8))")
        }
        return try await fetcher.send(.POST, url, headers: headers, body: ByteBuffer(string: FormText.encode(parameters)))
    }

    /// Section 5.1. Errors carry the endpoint's error code and nothing else of its answer.
    private static func read(_ response: ClientResponse) throws -> Token {
        let document = try? JSON.parse(response.body)
        guard response.status == .ok else {
            let code = document?["error"]?.stringValue.map { " (\($0.prefix(64)))" } ?? ""
            throw CapabilityError(.backend, "the token endpoint answered \(response.status.code)\(code)")
        }
        guard let text = document?["access_token"]?.stringValue, !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw CapabilityError(.backend, "the token endpoint answered without an access_token")
        }
        let type =
            switch document?["token_type"]?.stringValue?.lowercased() {
            case nil, "bearer": "Bearer"
            case "mac": "MAC"
            case "basic": "Basic"
            default: document?["token_type"]?.stringValue ?? "Bearer"
            }
        guard type.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw CapabilityError(.backend, "the token endpoint answered with a token_type that no header can carry")
        }
        let expiry = document?["expires_in"]
        let seconds = expiry?.doubleValue ?? expiry?.stringValue.flatMap(Double.init)
        return Token(
            headerValue: "\(type) \(text)", lifetime: seconds.flatMap { $0 > 0 && $0 < 1e9 ? .milliseconds(Int64($0 * 1000)) : nil })
    }
}
