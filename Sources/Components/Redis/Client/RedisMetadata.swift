import MechaCore
import NIOCore

/// The metadata fields that all Redis components share (Appendix F of the Dapr surface), and how they
/// become a ``RedisConfiguration``.
enum RedisMetadata {
    static let fields: [MetadataField] = servers + authentication + timing + pooling + refused

    /// The same without those that a component describes itself.
    static func fields(leavingOut names: Set<String>) -> [MetadataField] { fields.filter { !names.contains($0.name) } }

    private static let servers: [MetadataField] = [
        MetadataField(
            "redisHost", .string, required: true,
            "Address as host:port, several with commas (servers, sentinels or cluster nodes), or the path of a Unix socket"),
        MetadataField("redisPort", .integer, default: "6379", "Port of addresses that name none; 26379 for sentinels"),
        MetadataField(
            "redisType", .string, default: "node", choices: ["node", "cluster"], "Whether the address is a single server or a cluster"),
        MetadataField("redisDB", .integer, default: "0", "Index of the database; a cluster has only 0"),
        MetadataField("failover", .bool, default: "false", "The addresses are sentinels, which know the master"),
        MetadataField("sentinelMasterName", .string, "Name under which the sentinels know the master; needed with failover"),
        MetadataField("enableTLS", .bool, default: "false", "Speak TLS"),
        MetadataField("insecureSkipTLSVerify", .bool, default: "false", "Accept any server certificate"),
        MetadataField("clientCert", .string, "Client certificate in PEM form"),
        MetadataField("clientKey", .string, secret: true, "Private key of the client certificate in PEM form"),
        MetadataField("caCert", .string, "Certificates in PEM form that are trusted instead of the system's"),
    ]

    private static let authentication: [MetadataField] = [
        MetadataField("redisUsername", .string, "ACL user; the default user when empty"),
        MetadataField("redisPassword", .string, secret: true, "Password of the user"),
        MetadataField("sentinelUsername", .string, "ACL user at the sentinels"),
        MetadataField("sentinelPassword", .string, secret: true, "Password at the sentinels"),
    ]

    private static let timing: [MetadataField] = [
        MetadataField("dialTimeout", .duration, default: "5s", "Until a new connection is ready, TLS and login included"),
        MetadataField("readTimeout", .duration, default: "3s", "Until a command is answered"),
        MetadataField("writeTimeout", .duration, default: "3s", "How long the server may refuse to take bytes"),
        MetadataField(
            "redisMinRetryInterval", .duration, default: "8ms", "Pause after the first failed attempt to connect; doubles from there"),
        MetadataField("redisMaxRetryInterval", .duration, default: "2s", "Longest pause between attempts to connect"),
        MetadataField(
            "redisMaxRetries", .integer, default: "3",
            "No effect: a command is never sent twice behind the caller's back; use a Resiliency policy"),
    ]

    /// One connection per event loop carries everything, so there is no pool to set up.
    private static let pooling: [MetadataField] = [
        MetadataField("poolSize", .integer, "No effect: one pipelined connection per event loop"),
        MetadataField("poolTimeout", .duration, "No effect: there is no pool"),
        MetadataField("maxConnAge", .duration, "No effect: there is no pool"),
        MetadataField("minIdleConns", .integer, "No effect: there is no pool"),
        MetadataField("idleCheckFrequency", .duration, "No effect: there is no pool"),
        MetadataField("idleTimeout", .duration, "No effect: there is no pool"),
        MetadataField("redeliverInterval", .duration, "No effect here: used by pub/sub"),
        MetadataField("processingTimeout", .duration, "No effect here: used by pub/sub"),
    ]

    private static let refused: [MetadataField] =
        [
            MetadataField("useEntraID", .bool, default: "false", "Not supported: must be false"),
            MetadataField("useOIDC", .bool, default: "false", "Not supported: must be false"),
        ] + oidc.map { MetadataField($0, .string, secret: $0 == "oidcClientAssertionKey", "Not supported: login by OIDC") }

    private static let oidc = [
        "oidcTokenEndpoint", "oidcClientID", "oidcClientAssertionCert", "oidcClientAssertionKey", "oidcResource",
        "oidcAudience", "oidcScopes", "oidcKid", "oidcCACert",
    ]

    /// Reads and checks all of it. Throws ``MetadataError``.
    static func configuration(_ metadata: ComponentMetadata, name: String) throws -> RedisConfiguration {
        for flag in ["useOIDC", "useEntraID"] where try metadata.bool(flag) {
            throw MetadataError(
                field: flag, problem: "is not supported", expected: "redisUsername and redisPassword, or clientCert and clientKey")
        }
        var configuration = RedisConfiguration(topology: try topology(metadata))
        configuration.credentials = .init(
            username: metadata.string("redisUsername", default: ""), password: metadata.string("redisPassword", default: ""))
        if !configuration.credentials.username.isEmpty, configuration.credentials.password.isEmpty {
            throw MetadataError(field: "redisPassword", problem: "is missing", expected: "the password of redisUsername")
        }
        configuration.sentinelCredentials = .init(
            username: metadata.string("sentinelUsername", default: ""), password: metadata.string("sentinelPassword", default: ""))
        configuration.database = try metadata.integer("redisDB", default: 0, in: 0...1_000_000)
        if case .cluster = configuration.topology, configuration.database != 0 {
            throw MetadataError(field: "redisDB", problem: "is \(configuration.database)", expected: "0, the only database of a cluster")
        }
        configuration.clientName = "mecha:\(name)"
        configuration.tls = try tls(metadata)
        try readTiming(metadata, into: &configuration)
        return configuration
    }

    private static func topology(_ metadata: ComponentMetadata) throws -> RedisConfiguration.Topology {
        let isCluster = try metadata.choice("redisType", of: ["node", "cluster"], default: "node") == "cluster"
        let usesSentinel = try metadata.bool("failover")
        let port = try metadata.integer("redisPort", default: usesSentinel ? 26_379 : 6_379, in: 1...65_535)
        let addresses: [RedisAddress]
        do throws(RedisAddress.Unreadable) {
            addresses = try RedisAddress.list(metadata.string("redisHost", default: ""), defaultPort: port)
        } catch {
            throw MetadataError(
                field: "redisHost", problem: "contains \"\(error.part)\"",
                expected: "host:port, several with commas, or the path of a Unix socket")
        }
        guard !addresses.isEmpty else {
            throw MetadataError(field: "redisHost", problem: "is missing", expected: "an address such as localhost:6379")
        }
        if isCluster {
            guard !usesSentinel else {
                throw MetadataError(
                    field: "failover", problem: "is true", expected: "false with redisType cluster, which needs no sentinel")
            }
            return .cluster(addresses)
        }
        return usesSentinel ? .sentinel(addresses, master: try metadata.required("sentinelMasterName")) : .node(addresses)
    }

    private static func tls(_ metadata: ComponentMetadata) throws -> RedisTLS? {
        guard try metadata.bool("enableTLS") else { return nil }
        return try RedisTLS(
            certificate: metadata.string("clientCert", default: ""), key: metadata.string("clientKey", default: ""),
            authorities: metadata.string("caCert", default: ""), skipsVerification: try metadata.bool("insecureSkipTLSVerify"))
    }

    private static func readTiming(_ metadata: ComponentMetadata, into configuration: inout RedisConfiguration) throws {
        func amount(_ field: String, _ fallback: TimeAmount) throws -> TimeAmount {
            guard let duration = try metadata.duration(field) else { return fallback }
            // go-redis, and so Dapr's users, write -1 for "none"; calls here always have a bound.
            guard duration > .zero else {
                throw MetadataError(field: field, problem: "is not above zero", expected: "a duration such as 500ms or 5s")
            }
            return .nanoseconds(duration.wholeNanoseconds)
        }
        configuration.dialTimeout = try amount("dialTimeout", configuration.dialTimeout)
        configuration.readTimeout = try amount("readTimeout", configuration.readTimeout)
        configuration.writeTimeout = try amount("writeTimeout", configuration.writeTimeout)
        configuration.minimumRetryInterval = try amount("redisMinRetryInterval", configuration.minimumRetryInterval)
        configuration.maximumRetryInterval = try amount("redisMaxRetryInterval", configuration.maximumRetryInterval)
        if configuration.maximumRetryInterval < configuration.minimumRetryInterval {
            configuration.maximumRetryInterval = configuration.minimumRetryInterval
        }
    }
}
