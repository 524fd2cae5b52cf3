import MechaCore
import NIOCore

/// What is said on a new connection before the first request: the server's INFO, perhaps TLS, our CONNECT
/// and a PING whose answer shows that the server let us in. Knows no channel.
struct NATSHandshake {
    enum Step: Equatable {
        case none
        case startTLS
        /// Send CONNECT with these options, then PING.
        case send(ByteBuffer)
        case done(NATSServerInfo)
    }

    private enum Stage { case info, tls, login, done }

    private let address: NATSAddress
    private let configuration: NATSConfiguration
    private var stage = Stage.info
    private var info = NATSServerInfo()

    init(address: NATSAddress, configuration: NATSConfiguration) {
        self.address = address
        self.configuration = configuration
    }

    mutating func received(_ operation: NATSParser.Operation) throws(CapabilityError) -> Step {
        switch (stage, operation) {
        case (.info, .info(let info)):
            self.info = info
            guard info.requiresTLS || address.wantsTLS else { return try login() }
            stage = .tls
            return .startTLS
        case (.login, .pong):
            stage = .done
            return .done(info)
        case (.login, .info(let info)):
            self.info = info
            return .none
        case (.login, .ok), (.login, .ping): return .none
        case (_, .error(let text)): throw Self.failure(text, address)
        default: throw CapabilityError(.unavailable, "NATS at \(address) does not greet as a NATS server does")
        }
    }

    /// The connection is encrypted now.
    mutating func secured() throws(CapabilityError) -> Step {
        guard stage == .tls else { return .none }
        return try login()
    }

    private mutating func login() throws(CapabilityError) -> Step {
        stage = .login
        var members: [JSON.Member] = [
            .init("verbose", false), .init("pedantic", false), .init("tls_required", .bool(info.requiresTLS || address.wantsTLS)),
            .init("name", .string(configuration.clientName)), .init("lang", "swift"), .init("version", .string(MechaVersion.current)),
            .init("protocol", 1), .init("headers", true), .init("no_responders", true),
        ]
        if let key = configuration.key, let nonce = info.nonce {
            do {
                members.append(.init("sig", .string(try key.sign(nonce))))
            } catch {
                throw CapabilityError(.misconfigured, "the server's nonce cannot be signed with the seedKey", cause: error)
            }
            if configuration.jwt == nil { members.append(.init("nkey", .string(key.publicKey))) }
        }
        if let jwt = configuration.jwt { members.append(.init("jwt", .string(jwt))) }
        if let token = configuration.token ?? address.token { members.append(.init("auth_token", .string(token))) }
        if let user = configuration.user ?? address.user { members.append(.init("user", .string(user))) }
        if let password = configuration.password ?? address.password { members.append(.init("pass", .string(password))) }
        return .send(JSON.object(members).buffer)
    }

    /// The error for what a server says before it closes the connection.
    static func failure(_ text: String, _ address: NATSAddress) -> CapabilityError {
        let lower = text.lowercased()
        if lower.contains("authorization") || lower.contains("authentication") {
            return CapabilityError(.misconfigured, "NATS at \(address) refused the login: \(text)")
        }
        return CapabilityError(.unavailable, "NATS at \(address) answered with an error: \(text)")
    }
}
