import Testing

@testable import mecha

@Suite struct ArgumentNormalizerTests {
    private func daprd(_ arguments: String...) -> [String] {
        ArgumentNormalizer(table: .serve, allowsSingleDashNames: true).normalize(arguments)
    }

    private func run(_ arguments: String...) -> [String] {
        ArgumentNormalizer(table: .run, allowsSingleDashNames: false).normalize(arguments)
    }

    @Test func `one dash and two begin the same flag of daprd`() {
        #expect(daprd("-app-id", "x", "--app-port=3000") == ["--app-id=x", "--app-port=3000"])
        #expect(daprd("--app-id=x", "-app-port=3000") == daprd("-app-id", "x", "--app-port", "3000"))
    }

    @Test func `a value may begin with a dash`() {
        #expect(run("--app-max-concurrency", "-1", "-p", "-1") == ["--app-max-concurrency=-1", "--app-port=-1"])
    }

    @Test func `a switch takes Go's spellings of true and false`() {
        #expect(daprd("-enable-api-logging=true", "--enable-app-health-check=0") == ["--enable-api-logging"])
        #expect(daprd("--enable-metrics=false") == ["--no-enable-metrics"])
        #expect(daprd("--enable-metrics=T", "-enable-metrics") == ["--enable-metrics", "--enable-metrics"])
    }

    @Test func `a switch with a value that is no boolean is left for the parser to refuse`() {
        #expect(daprd("--enable-metrics=maybe") == ["--enable-metrics=maybe"])
    }

    @Test func `flags that mean nothing here disappear with their values`() {
        #expect(
            daprd(
                "--sentry-address", "localhost:50001", "--app-id", "x", "-placement-host-address=localhost:50005",
                "--enable-profiling", "--profile-port", "7777") == ["--app-id=x"])
        #expect(run("--placement-host-address", "", "--scheduler-host-address=", "app") == ["app"])
    }

    @Test func `a short flag may hold its value or stand before it`() {
        #expect(run("-p3000", "-H", "3500", "-P=grpc") == ["--app-port=3000", "--dapr-http-port=3500", "--app-protocol=grpc"])
    }

    @Test func `short switches may stand together with a flag`() {
        #expect(run("-kf", "dapr.yaml") == ["--kubernetes", "--run-file=dapr.yaml"])
    }

    @Test func `flags and the words of a command may be mixed`() {
        #expect(
            run("--app-id", "pythonapp", "python3", "app.py", "--app-port", "5000") == [
                "--app-id=pythonapp", "python3", "app.py", "--app-port=5000",
            ])
    }

    @Test func `what stands after two dashes is not touched`() {
        #expect(run("--app-id", "x", "--", "node", "-p", "3000", "--app-id") == ["--app-id=x", "--", "node", "-p", "3000", "--app-id"])
    }

    @Test func `unknown flags are left for the parser to refuse`() {
        #expect(run("--frob", "x", "-z") == ["--frob", "x", "-z"])
        #expect(daprd("-frob") == ["--frob"])
    }

    @Test func `a flag without its value is left for the parser to refuse`() {
        #expect(run("--app-id") == ["--app-id"])
        #expect(run("-a") == ["--app-id"])
    }

    @Test func `the environment sets flags that the command line does not`() {
        let normalizer = ArgumentNormalizer(table: .run, allowsSingleDashNames: false)
        let environment = [
            "DAPR_APP_ID": "from-environment", "DAPR_LOG_LEVEL": "debug", "DAPR_ENABLE_API_LOGGING": "true", "DAPR_APP_SSL": "false",
            "DAPR_CONFIG": "",
        ]
        #expect(
            normalizer.defaults(from: environment, besides: ["--log-level=error"]) == ["--app-id=from-environment", "--enable-api-logging"])
    }

    @Test func `a flag after two dashes belongs to the app and does not hide the environment`() {
        let normalizer = ArgumentNormalizer(table: .run, allowsSingleDashNames: false)
        #expect(normalizer.defaults(from: ["DAPR_APP_ID": "x"], besides: ["--", "app", "--app-id=y"]) == ["--app-id=x"])
    }

    @Test func `the metrics port that an app is told of is not a flag for a run that the app starts`() {
        let normalizer = ArgumentNormalizer(table: .run, allowsSingleDashNames: false)
        #expect(normalizer.defaults(from: ["DAPR_METRICS_PORT": "9090"], besides: []).isEmpty)
    }
}
