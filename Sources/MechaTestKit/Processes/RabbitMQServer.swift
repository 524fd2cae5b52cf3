/// A real `rabbitmq-server` of a test: loopback only, gone with the value. It takes many seconds to start, so tests
/// share ``shared()`` and use names of their own; only those that restart it have one for themselves.
public final class RabbitMQServer: Sendable {
    public let port: Int
    public let process: ServerProcess
    private let directory: String
    private let names: ServerProcess
    private let scratch: TemporaryDirectory

    /// Where Debian keeps the script that the service runs.
    private static let script = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    /// Starts a server and waits until it accepts connections. User guest, password guest.
    ///
    /// - Parameters:
    ///   - port: nil for a free one; name one to restart a server at the same place.
    ///   - directory: where it keeps durable queues; nil for a temporary folder.
    ///   - options: further lines of its configuration file.
    public init(port: Int? = nil, directory: String? = nil, options: [String] = []) async throws {
        self.port = try port ?? LoopbackPort.free()
        scratch = try TemporaryDirectory(prefix: "mecha-rabbitmq")
        self.directory = directory ?? scratch.path
        try scratch.write(
            ([
                "listeners.tcp.1 = 127.0.0.1:\(self.port)", "vm_memory_high_watermark.absolute = 256MB", "disk_free_limit.absolute = 1MB",
                "log.console = true", "log.console.level = warning", "log.file = false",
            ] + options).joined(separator: "\n") + "\n", to: "rabbitmq.conf")
        try scratch.write("[].\n", to: "plugins")
        // A name server of its own, which would otherwise be started in the background and stay.
        let namePort = try LoopbackPort.free()
        names = try ServerProcess("epmd", ["-port", "\(namePort)", "-address", "127.0.0.1"])
        try await names.waitUntilAccepting(namePort)
        process = try ServerProcess(
            Self.script,
            environment: [
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": scratch.path, "ERL_EPMD_PORT": "\(namePort)",
                "RABBITMQ_NODENAME": "mecha@localhost", "RABBITMQ_MNESIA_BASE": "\(self.directory)/data",
                "RABBITMQ_LOG_BASE": scratch.file("log"),
                "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_CONFIG_FILE": scratch.file("rabbitmq.conf"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": scratch.file("plugins"), "RABBITMQ_DIST_PORT": "\(try LoopbackPort.free())",
                "RABBITMQ_PID_FILE": scratch.file("pid"),
                // In the foreground: the process that is started here is the server itself, not a script before it.
                "RABBITMQ_ALLOW_INPUT": "1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput +S 2:2 +sbwt none",
            ])
        try await process.waitUntilAccepting(self.port, within: .seconds(240))
    }

    /// Ends the server in an orderly way and waits until it is gone.
    public func stop() { process.stop(within: .seconds(30)) }

    private static let sharedStart = Task { try await RabbitMQServer() }

    /// The one server of this test run; started when first asked for.
    public static func shared() async throws -> RabbitMQServer { try await sharedStart.value }
}
