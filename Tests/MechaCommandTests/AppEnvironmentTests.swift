import MechaHost
import MechaRuntime
import Testing

@testable import mecha

@Suite struct AppEnvironmentTests {
    private let ports = Runtime.AppPorts(appID: "x", httpPort: 3501, grpcPort: 50002, internalPort: 50003, metricsPort: 9091)

    private func app(_ change: (inout RunPlan.App) -> Void = { _ in }) -> RunPlan.App {
        var app = RunPlan.App(options: AppOptions(appID: "x"))
        change(&app)
        return app
    }

    @Test func `the app learns where its runtime is and who it is`() {
        let environment = AppEnvironment.make(for: app { $0.options.appPort = 3000 }, ports: ports, inherited: ["PATH": "/bin"])
        #expect(
            environment == [
                "PATH": "/bin", "APP_ID": "x", "APP_PORT": "3000", "APP_PROTOCOL": "http", "APP_CHANNEL_ADDRESS": "127.0.0.1",
                "DAPR_HTTP_PORT": "3501", "DAPR_GRPC_PORT": "50002", "DAPR_METRICS_PORT": "9091",
            ])
    }

    @Test func `a port that is not there is not inherited either`() {
        let environment = AppEnvironment.make(for: app(), ports: ports, inherited: ["APP_PORT": "1"])
        #expect(environment["APP_PORT"] == nil)
    }

    @Test func `the app's own variables stand before all others`() {
        let environment = AppEnvironment.make(
            for: app { $0.environment = ["APP_ID": "y", "COLOR": "red"] }, ports: ports, inherited: ["COLOR": "blue"])
        #expect(environment["APP_ID"] == "y")
        #expect(environment["COLOR"] == "red")
    }
}
