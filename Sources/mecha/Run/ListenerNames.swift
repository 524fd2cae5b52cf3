import MechaHost
import MechaRuntime

/// How Dapr's command line names where an app's APIs are: ports, or socket files.
struct ListenerNames {
    private let kind: String
    private let http: String
    private let grpc: String
    private let isSocket: Bool

    init(options: AppOptions, ports: Runtime.AppPorts) {
        if let directory = options.unixDomainSocketDirectory {
            isSocket = true
            kind = "Socket"
            http = "\(directory)/dapr-\(options.appID)-http.socket"
            grpc = "\(directory)/dapr-\(options.appID)-grpc.socket"
        } else {
            isSocket = false
            kind = "Port"
            http = "\(ports.httpPort ?? 0)"
            grpc = "\(ports.grpcPort ?? 0)"
        }
    }

    /// `HTTP Port: 3500. gRPC Port: 50001`
    var summary: String { "HTTP \(kind): \(http). gRPC \(kind): \(grpc)" }

    var checks: [String] {
        let noun = isSocket ? "socket" : "port"
        return [
            "Checking if Dapr sidecar is listening on HTTP \(noun) \(http)",
            "Checking if Dapr sidecar is listening on GRPC \(noun) \(grpc)",
        ]
    }
}
