/// `daprd --wait`: returns when the runtime on a port of this machine has its components up.
struct RuntimeWait: Sendable {
    /// Dapr's own limits.
    static let patience = Duration.seconds(60)
    static let pause = Duration.milliseconds(50)

    var port: Int
    var environment: [String: String]

    func run() async throws {
        let api = LocalAPI(address: .port(port), environment: environment)
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if let answer = try? await api.call(.GET, "/v1.0/healthz/outbound"), answer.isSuccess { return }
            try await Task.sleep(for: Self.pause)
        }
        throw CommandError("No runtime became ready on port \(port) within \(Self.patience.components.seconds) seconds")
    }
}
