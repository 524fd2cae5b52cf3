import ArgumentParser
import MechaHost
import MechaInvocation
import MechaTestKit
import Testing

@testable import mecha

/// From a command line to the options of the runtime.
@Suite struct PlanTests {
    private func context(_ environment: [String: String] = [:]) -> CommandContext {
        CommandContext(persona: .mecha, environment: ["HOME": "/nowhere"].merging(environment) { $1 })
    }

    private func runPlan(_ arguments: [String], environment: [String: String] = [:]) throws -> RunPlan {
        let context = context(environment)
        let runner = CommandRunner(persona: .mecha, environment: context.environment, arguments: ["run"] + arguments)
        return try RunCommand.parse(Array(runner.words.dropFirst())).plan(in: runner.context)
    }

    private func servePlan(_ arguments: [String], environment: [String: String] = [:]) throws -> RunPlan {
        let context = context(environment)
        let runner = CommandRunner(persona: .daprd, environment: context.environment, arguments: arguments)
        return try DaprdCommand.parse(runner.words).flags.plan(in: runner.context)
    }

    @Test func `ports that run is not given are free ones`() throws {
        let plan = try runPlan(["--app-id", "x"])
        #expect(plan.apps[0].options.httpPort == 0)
        #expect(plan.apps[0].options.grpcPort == 0)
        #expect(plan.runtime.metricsPort == 0)
        #expect(plan.apps[0].options.appPort == nil)
    }

    @Test func `ports that serve is not given are Dapr's`() throws {
        let plan = try servePlan(["-app-id", "x"])
        #expect(plan.apps[0].options.httpPort == 3500)
        #expect(plan.apps[0].options.grpcPort == 50001)
        #expect(plan.runtime.metricsPort == 9090)
        #expect(plan.apps[0].options.listenAddresses == ["127.0.0.1"])
    }

    @Test func `the command is what is left, with or without two dashes`() throws {
        #expect(try runPlan(["--app-id", "x", "python3", "app.py"]).apps[0].command == ["python3", "app.py"])
        #expect(try runPlan(["--app-id", "x", "--", "node", "-p", "1", "--app-id"]).apps[0].command == ["node", "-p", "1", "--app-id"])
        #expect(try runPlan(["python3", "--app-id", "x", "app.py"]).apps[0].command == ["python3", "app.py"])
    }

    @Test func `every flag of run reaches its option`() throws {
        let plan = try runPlan([
            "-a", "orders", "-p", "3000", "-P", "gRPC", "-H", "3501", "-G", "50002", "-I", "50003", "-M", "9091",
            "--app-channel-address", "10.0.0.1", "--app-max-concurrency", "7", "--max-body-size", "16Mi", "--read-buffer-size", "8Ki",
            "-u", "/tmp", "--enable-app-health-check", "--app-health-check-path", "/up", "--app-health-probe-interval", "2",
            "--app-health-probe-timeout", "100", "--app-health-threshold", "5", "--enable-api-logging",
            "--dapr-listen-addresses", "0.0.0.0, ::1", "--log-level", "warn", "--data-dir", "/data", "--event-loops", "2",
        ])
        let options = plan.apps[0].options
        #expect(options.appID == "orders")
        #expect(options.appPort == 3000)
        #expect(options.appProtocol == .grpc)
        #expect([options.httpPort, options.grpcPort, options.internalPort] == [3501, 50002, 50003])
        #expect(options.appChannelAddress == "10.0.0.1")
        #expect(options.appMaxConcurrency == 7)
        #expect(options.maximumBodyBytes == 16 << 20)
        #expect(options.maximumHeaderBytes == 8 << 10)
        #expect(options.unixDomainSocketDirectory == "/tmp")
        var health = AppProbeOptions()
        health.isEnabled = true
        health.path = "/up"
        health.interval = .seconds(2)
        health.timeout = .milliseconds(100)
        health.threshold = 5
        #expect(options.health == health)
        #expect(options.isAPILoggingEnabled)
        #expect(options.listenAddresses == ["0.0.0.0", "::1"])
        #expect(plan.runtime.metricsPort == 9091)
        #expect(plan.runtime.logLevel == "warning")
        #expect(plan.runtime.dataDirectory == "/data")
        #expect(plan.runtime.eventLoopCount == 2)
    }

    @Test func `the flags of serve alone reach their options`() throws {
        let plan = try servePlan([
            "--app-id", "x", "--dapr-public-port", "3600", "--dapr-public-listen-address", "0.0.0.0",
            "--dapr-internal-grpc-listen-address", "10.0.0.2", "--allowed-origins", "*", "--dapr-graceful-shutdown-seconds", "9",
            "--dapr-block-shutdown-duration", "1m30s", "--disable-init-endpoints", "config,subscribe", "--metrics-listen-address", "::1",
            "--log-as-json", "--log-file", "/tmp/log", "--metrics-port", "0",
        ])
        let options = plan.apps[0].options
        #expect(options.publicPort == 3600)
        #expect(options.publicListenAddress == "0.0.0.0")
        #expect(options.internalListenAddress == "10.0.0.2")
        #expect(options.allowedOrigins == "*")
        #expect(options.gracefulShutdown == .seconds(9))
        #expect(options.blockShutdown == .seconds(90))
        #expect(options.disabledInitEndpoints == ["config", "subscribe"])
        #expect(plan.runtime.metricsListenAddress == "::1")
        #expect(plan.runtime.metricsPort == 0)
        #expect(plan.runtime.isLogJSON)
        #expect(plan.runtime.logFile == "/tmp/log")
    }

    @Test func `metrics can be switched off`() throws {
        #expect(try servePlan(["-app-id", "x", "-enable-metrics=false"]).runtime.metricsPort == nil)
    }

    @Test func `deprecated sizes are megabytes and kilobytes`() throws {
        let options = try servePlan(["-app-id", "x", "-dapr-http-max-request-size", "8", "-dapr-http-read-buffer-size", "16"]).apps[0]
            .options
        #expect(options.maximumBodyBytes == 8 << 20)
        #expect(options.maximumHeaderBytes == 16 << 10)
    }

    @Test(arguments: [("http", AppProtocol.https), ("grpc", .grpcs), ("h2c", .https), ("grpcs", .grpcs)])
    func `the older TLS flag changes the protocol`(name: String, expected: AppProtocol) throws {
        #expect(try runPlan(["--app-protocol", name, "--app-ssl"]).apps[0].options.appProtocol == expected)
    }

    @Test func `the environment gives tokens and namespace`() throws {
        let environment = ["DAPR_API_TOKEN": "a", "APP_API_TOKEN": "b", "NAMESPACE": "prod", "DAPR_HTTP_DISABLE_H2C": "1"]
        let options = try runPlan(["--app-id", "x"], environment: environment).apps[0].options
        #expect(options.apiToken == "a")
        #expect(options.appAPIToken == "b")
        #expect(options.namespace == "prod")
        #expect(!options.isH2CEnabled)
    }

    @Test func `the environment gives flags to run`() throws {
        let plan = try runPlan(["--log-level", "error"], environment: ["DAPR_APP_ID": "x", "DAPR_LOG_LEVEL": "debug"])
        #expect(plan.apps[0].options.appID == "x")
        #expect(plan.runtime.logLevel == "error")
    }

    @Test func `an app without an id gets a readable one`() throws {
        let id = try runPlan([]).apps[0].options.appID
        let words = id.split(separator: "-").map(String.init)
        #expect(words.count == 3)
        #expect(RandomAppID.adjectives.contains(words[0]))
        #expect(RandomAppID.nouns.contains(words[1]))
    }

    @Test(arguments: [
        ["--mode", "kubernetes"], ["--enable-mtls"], ["--disable-init-endpoints", "health"], ["--resources-path", "/does/not/exist"],
        ["--config", "/does/not/exist"],
    ])
    func `what cannot be done is refused with a hint`(flags: [String]) throws {
        let error = #expect(throws: CommandError.self) { try servePlan(["--app-id", "x"] + flags) }
        #expect(error?.hint != nil)
    }

    @Test func `serve needs an app id`() {
        #expect(throws: CommandError.self) { try servePlan([]) }
    }

    @Test func `what was given stands before Dapr's folder, and that before nothing`() throws {
        let home = try TemporaryDirectory(prefix: "mecha-plan")
        let environment = ["HOME": home.path]
        #expect(try runPlan([], environment: environment).apps[0].options.resourcesPaths == [])
        try Files.makeDirectory(home.file(".dapr/components"))
        try Files.write("", to: home.file(".dapr/config.yaml"))
        let byDefault = try runPlan([], environment: environment).apps[0].options
        #expect(byDefault.resourcesPaths == [home.file(".dapr/components")])
        #expect(byDefault.configPaths == [home.file(".dapr/config.yaml")])
        let given = try runPlan(["--resources-path", home.path, "-c", home.file(".dapr/config.yaml")], environment: environment).apps[0]
            .options
        #expect(given.resourcesPaths == [home.path])
        let elsewhere = try runPlan(["--runtime-path", "/nowhere/else"], environment: environment).apps[0].options
        #expect(elsewhere.resourcesPaths == [])
    }
}
