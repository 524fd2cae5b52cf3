import MechaRuntime

/// The variables by which an app finds its runtime (section 3.2 of the Dapr surface).
enum AppEnvironment {
    static func make(for app: RunPlan.App, ports: Runtime.AppPorts, inherited: [String: String]) -> [String: String] {
        var environment = inherited
        let options = app.options
        environment["APP_ID"] = options.appID
        environment["APP_PROTOCOL"] = options.appProtocol.rawValue
        environment["APP_CHANNEL_ADDRESS"] = options.appChannelAddress
        // A port that is not there must not be found in what the run was started with either.
        environment["APP_PORT"] = options.appPort.map(String.init)
        environment["DAPR_HTTP_PORT"] = ports.httpPort.map(String.init)
        environment["DAPR_GRPC_PORT"] = ports.grpcPort.map(String.init)
        environment["DAPR_METRICS_PORT"] = ports.metricsPort.map(String.init)
        return environment.merging(app.environment) { $1 }
    }
}
