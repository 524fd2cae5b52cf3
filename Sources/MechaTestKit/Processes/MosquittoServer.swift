/// A real `mosquitto` of a test: loopback only, gone with the value.
public final class MosquittoServer: Sendable {
    public let port: Int
    public let process: ServerProcess
    private let scratch: TemporaryDirectory

    /// Starts a broker and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - port: nil for a free one; name one to restart a broker at the same place.
    ///   - directory: where it keeps sessions and messages over a restart; nil for nowhere.
    ///   - options: further lines of its configuration file.
    ///   - listener: lines that belong to the listener, such as those of TLS.
    public init(
        port: Int? = nil, directory: String? = nil, options: [String] = ["allow_anonymous true"], listener: [String] = []
    ) async throws {
        self.port = try port ?? LoopbackPort.free()
        scratch = try TemporaryDirectory(prefix: "mecha-mosquitto")
        // Started by root it would become another user, who may not enter the test's folders.
        var lines = ["user root", "listener \(self.port) 127.0.0.1"] + listener + options
        if let directory { lines += ["persistence true", "persistence_location \(directory)/"] }
        try scratch.write(lines.joined(separator: "\n") + "\n", to: "mosquitto.conf")
        process = try ServerProcess("mosquitto", ["-c", scratch.file("mosquitto.conf")])
        try await process.waitUntilAccepting(self.port)
    }

    /// Ends the broker, which saves what it has, and waits until it is gone.
    public func stop() { process.stop() }
}
