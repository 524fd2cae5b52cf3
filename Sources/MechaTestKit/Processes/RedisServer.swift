/// A real `redis-server` of a test: loopback only, nothing persistent unless asked for, gone with the value.
public final class RedisServer: Sendable {
    public let port: Int
    public let process: ServerProcess
    private let scratch: TemporaryDirectory

    /// Starts a server and waits until it answers.
    ///
    /// - Parameters:
    ///   - port: nil for a free one; name one to restart a server at the same place.
    ///   - directory: where the server keeps its files; nil for a temporary folder.
    ///   - options: further command line options, such as `["--requirepass", "secret"]`. They come after
    ///     the defaults and override them.
    public init(port: Int? = nil, directory: String? = nil, options: [String] = []) async throws {
        scratch = try TemporaryDirectory(prefix: "mecha-redis")
        let files = directory ?? scratch.path
        (self.port, process) = try await LoopbackPort.withFree(or: port) { port in
            let process = try ServerProcess(
                "redis-server",
                [
                    "--port", "\(port)", "--bind", "127.0.0.1", "--dir", files, "--save", "", "--appendonly", "no",
                    "--daemonize", "no",
                ] + options)
            try await process.waitUntil("answers") { process.output.contains("Ready to accept connections") }
            return process
        }
    }

    /// Ends the server and waits until it is gone.
    public func stop() { process.stop() }
}
