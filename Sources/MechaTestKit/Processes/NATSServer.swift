/// A real `nats-server` of a test: loopback only, JetStream in a folder of its own, gone with the value.
public final class NATSServer: Sendable {
    public let port: Int
    public let process: ServerProcess
    private let scratch: TemporaryDirectory

    /// Starts a server and waits until it accepts clients.
    ///
    /// - Parameters:
    ///   - port: nil for a free one; name one to restart a server at the same place.
    ///   - directory: where JetStream keeps its files; nil for a temporary folder.
    ///   - jetStream: whether JetStream is on.
    ///   - configuration: further text for the configuration file (`authorization { ... }`).
    ///   - options: further command line options.
    public init(
        port: Int? = nil, directory: String? = nil, jetStream: Bool = true, configuration: String = "", options: [String] = []
    ) async throws {
        scratch = try TemporaryDirectory(prefix: "mecha-nats")
        let store = directory ?? scratch.path
        let file = try scratch.write(configuration, to: "nats.conf")
        (self.port, process) = try await LoopbackPort.withFree(or: port) { port in
            let process = try ServerProcess(
                "nats-server",
                ["-a", "127.0.0.1", "-p", "\(port)", "-c", file] + (jetStream ? ["-js", "-sd", store] : []) + options)
            try await process.waitUntil("is ready") { process.output.contains("Server is ready") }
            return process
        }
    }

    /// Ends the server and waits until it is gone.
    public func stop() { process.stop() }
}
