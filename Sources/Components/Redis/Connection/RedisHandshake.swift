import MechaCore

/// What is said on a new connection before the first request: protocol version, credentials, database,
/// and whether this is the server that was wanted. Knows no channel.
struct RedisHandshake {
    /// What is expected of the server.
    enum Role: Sendable {
        /// Any server will do.
        case any
        /// It must be a master, because it will be written to.
        case master
        case sentinel
    }

    enum Step: Equatable {
        case send([[String]])
        case done
    }

    private enum Stage { case hello, legacyHello, settings }

    private let credentials: RedisConfiguration.Credentials
    private let database: Int
    private let clientName: String
    private let role: Role
    private var stage = Stage.hello
    private var sent: [[String]] = []
    /// 3 or 2, once known.
    private(set) var protocolVersion = 3

    init(configuration: RedisConfiguration, role: Role) {
        credentials = role == .sentinel ? configuration.sentinelCredentials : configuration.credentials
        database = role == .sentinel ? 0 : configuration.database
        clientName = Self.legalName(configuration.clientName)
        self.role = role
    }

    /// The first commands.
    mutating func begin() -> [[String]] {
        var hello = ["HELLO", "3"]
        if !credentials.password.isEmpty { hello += ["AUTH", userName, credentials.password] }
        hello += ["SETNAME", clientName]
        return send([hello])
    }

    /// The replies to the last commands, one for each. Throws what makes the connection useless.
    mutating func received(_ replies: [RESPValue]) throws(CapabilityError) -> Step {
        guard replies.count == sent.count else { throw CapabilityError(.backend, "the server's greeting is incomplete") }
        switch stage {
        case .hello:
            guard case .error(let error)? = replies.first else { return beginSettings() }
            guard Self.isHelloUnknown(error) else { throw failure(error) }
            return beginLegacy()
        case .legacyHello:
            for (command, reply) in zip(sent, replies) {
                if case .error(let error) = reply, command[0] == "AUTH" { throw failure(error) }
            }
            return beginSettings()
        case .settings:
            for (command, reply) in zip(sent, replies) { try check(command, reply) }
            return .done
        }
    }

    private var userName: String { credentials.username.isEmpty ? "default" : credentials.username }

    private mutating func send(_ commands: [[String]]) -> [[String]] {
        sent = commands
        return commands
    }

    /// Servers before Redis 6 and some proxies know no HELLO.
    private mutating func beginLegacy() -> Step {
        stage = .legacyHello
        protocolVersion = 2
        var commands: [[String]] = []
        if !credentials.password.isEmpty {
            commands.append(["AUTH"] + (credentials.username.isEmpty ? [] : [credentials.username]) + [credentials.password])
        }
        commands.append(["CLIENT", "SETNAME", clientName])
        return .send(send(commands))
    }

    private mutating func beginSettings() -> Step {
        stage = .settings
        var commands: [[String]] = []
        if database != 0 { commands.append(["SELECT", String(database)]) }
        if role == .master { commands.append(["ROLE"]) }
        // Answered only by a server that has loaded its data set.
        commands.append(["PING"])
        return .send(send(commands))
    }

    private func check(_ command: [String], _ reply: RESPValue) throws(CapabilityError) {
        switch reply {
        case .error(let error):
            // A user who may not run these can still do the work.
            if command[0] != "SELECT", error.kind == "NOPERM" { return }
            if command[0] == "ROLE", error.kind == "ERR" { return }
            if command[0] == "SELECT", error.kind == "ERR" {
                throw CapabilityError(.misconfigured, "Redis has no database \(database) (redisDB)", cause: error)
            }
            throw failure(error)
        case .array(let role) where command[0] == "ROLE":
            guard role.first?.text == "master" else {
                throw CapabilityError(.unavailable, "the server is a replica, not a master")
            }
        default: break
        }
    }

    private func failure(_ error: RedisServerError) -> CapabilityError {
        switch error.kind {
        case "WRONGPASS":
            CapabilityError(.misconfigured, "Redis refused the user name or password", cause: error)
        case "NOAUTH":
            CapabilityError(.misconfigured, "Redis wants a password and none is configured", cause: error)
        case "ERR" where error.detail.contains("AUTH"):
            CapabilityError(.misconfigured, "Redis refused the password, or needs none", cause: error)
        default: CapabilityError(redis: error)
        }
    }

    private static func isHelloUnknown(_ error: RedisServerError) -> Bool {
        switch error.kind {
        case "NOPROTO", "NOPERM": true
        case "ERR": error.detail.lowercased().contains("hello") || error.detail.contains("unknown command")
        default: false
        }
    }

    /// CLIENT SETNAME takes printable characters without spaces only.
    private static func legalName(_ name: String) -> String {
        String(name.unicodeScalars.map { (0x21...0x7e).contains($0.value) ? Character($0) : "-" })
    }
}
