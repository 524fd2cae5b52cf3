import NIOCore

/// Everything that the driver needs to know of the servers and of how to treat them.
public struct RedisConfiguration: Sendable {
    /// How the servers are arranged.
    public enum Topology: Sendable, Equatable {
        /// One server; of several addresses, the first that answers as a master.
        case node([RedisAddress])
        /// The master of that name, asked of these sentinels.
        case sentinel([RedisAddress], master: String)
        /// A cluster that these nodes know.
        case cluster([RedisAddress])
    }

    public struct Credentials: Sendable, Equatable {
        /// Empty for the `default` user.
        public var username: String
        /// Empty for none.
        public var password: String

        public init(username: String = "", password: String = "") {
            self.username = username
            self.password = password
        }
    }

    public var topology: Topology
    public var credentials = Credentials()
    /// For the sentinels themselves.
    public var sentinelCredentials = Credentials()
    /// Index of the database; 0 in a cluster.
    public var database = 0
    /// What `CLIENT LIST` shows.
    public var clientName = "mecha"
    /// Nil for no TLS.
    public var tls: RedisTLS?
    /// Until a connection is ready for requests, TLS and hello included.
    public var dialTimeout = TimeAmount.seconds(5)
    /// From the moment a request is written until its answer.
    public var readTimeout = TimeAmount.seconds(3)
    /// How long the socket may refuse to take more bytes.
    public var writeTimeout = TimeAmount.seconds(3)
    /// Pause after the first failed attempt to connect; it doubles up to `maximumRetryInterval`.
    public var minimumRetryInterval = TimeAmount.milliseconds(8)
    public var maximumRetryInterval = TimeAmount.seconds(2)
    public var limits = RedisLimits()

    public init(topology: Topology) { self.topology = topology }
}
