import Testing

@testable import MechaManifest

@Suite struct RunTemplates {
    private let complete = """
        version: 1
        name: shop
        common:
          resourcesPath: ./old
          resourcesPaths: [~/shared, resources]
          configFilePath: config.yaml
          appProtocol: grpc
          logLevel: debug
          env: {A: common, B: 2}
          appHealthThreshold: 5
        apps:
        - appDirPath: ./cart
          appID: cart
          appPort: 8080
          appChannelAddress: localhost
          daprHTTPPort: 3501
          daprGRPCPort: 50011
          daprInternalGRPCPort: 50012
          metricsPort: 9091
          profilePort: 7778
          unixDomainSocket: /tmp/sockets
          command: [python3, app.py, 8080]
          configFilePath: ../own.yaml
          resourcesPaths: [mine]
          appProtocol: http
          apiListenAddresses: 127.0.0.1,::1
          enableProfiling: true
          logLevel: warn
          appMaxConcurrency: 3
          placementHostAddress: ""
          schedulerHostAddress: localhost:50006
          appSSL: false
          maxBodySize: 8Mi
          readBufferSize: 65536
          enableAppHealthCheck: true
          appHealthCheckPath: /health
          appHealthProbeInterval: 3
          appHealthProbeTimeout: 200
          enableApiLogging: true
          runtimePath: /opt
          env: {A: own, C: true}
          daprdLogDestination: console
          appLogDestination: fileAndConsole
          containerImage: shop/cart
          containerImagePullPolicy: IfNotPresent
          createService: true
        - appDirPath: orders
        """

    private func read(_ text: String) -> RunTemplateReport { RunTemplate.parse(text: text, fileName: "dapr.yaml") }

    @Test func `every field decodes`() throws {
        let report = read(complete)
        #expect(report.errors == [] && report.warnings == [])
        let template = try #require(report.template)
        #expect(template.name == "shop")
        #expect(template.common.resourcesPaths == ["~/shared", "resources", "./old"])
        let app = try #require(template.apps.first)
        #expect(app.appID == "cart" && app.appPort == 8080 && app.httpPort == 3501 && app.grpcPort == 50011)
        #expect(app.internalGRPCPort == 50012 && app.metricsPort == 9091 && app.profilePort == 7778)
        #expect(app.appChannelAddress == "localhost" && app.unixDomainSocket == "/tmp/sockets")
        #expect(app.command == ["python3", "app.py", "8080"])
        let settings = app.settings
        #expect(settings.appProtocol == .http && settings.apiListenAddresses == "127.0.0.1,::1" && settings.isProfilingEnabled == true)
        #expect(settings.logLevel == "warn" && settings.appMaxConcurrency == 3 && settings.isAppSSL == false)
        #expect(settings.placementHostAddress == "" && settings.schedulerHostAddress == "localhost:50006")
        #expect(settings.maximumBodyBytes == 8 << 20 && settings.readBufferBytes == 65_536)
        #expect(settings.isAppHealthCheckEnabled == true && settings.appHealthCheckPath == "/health")
        #expect(settings.appHealthProbeInterval == .seconds(3) && settings.appHealthProbeTimeout == .milliseconds(200))
        #expect(settings.isAPILoggingEnabled == true && settings.runtimePath == "/opt")
        #expect(settings.environment == ["A": "own", "C": "true"])
        #expect(settings.runtimeLogDestination == .console && settings.appLogDestination == .fileAndConsole)
        #expect(
            settings.containerImage == "shop/cart" && settings.containerImagePullPolicy == .ifNotPresent && settings.createsService == true)
    }

    @Test func `an app's own settings and paths come first`() throws {
        let plan = try self.plan(existing: ["/w/t/cart/.dapr/resources", "/w/t/cart/.dapr/config.yaml"])
        let app = plan.apps[0]
        #expect(app.appID == "cart" && app.directory == "/w/t/cart")
        #expect(app.resourcesPaths == ["/w/t/cart/mine"] && app.configFile == "/w/t/own.yaml")
        #expect(app.settings.environment == ["A": "own", "B": "2", "C": "true"])
        #expect(app.settings.logLevel == "warn" && app.settings.appHealthThreshold == 5)
        #expect(app.logFile(of: "app", stamp: "20260102030405") == "/w/t/cart/.dapr/logs/cart_app_20260102030405.log")
        #expect(app.runtimeLogDestination == .console && plan.apps[1].runtimeLogDestination == .file)
    }

    @Test func `the app's folder comes before common, common before the home folder`() throws {
        let common = try plan(existing: []).apps[1]
        #expect(common.appID == "orders")
        #expect(common.resourcesPaths == ["/home/me/shared", "/w/t/resources", "/w/t/old"] && common.configFile == "/w/t/config.yaml")
        #expect(common.settings.appProtocol == .grpc)
        let local = try plan(existing: ["/w/t/orders/.dapr/resources", "/w/t/orders/.dapr/config.yaml"]).apps[1]
        #expect(local.resourcesPaths == ["/w/t/orders/.dapr/resources"] && local.configFile == "/w/t/orders/.dapr/config.yaml")
        let bare = "version: 1\napps: [{appDirPath: a}, {appDirPath: b, runtimePath: r}]"
        let home = try plan(bare, existing: ["/home/me/.dapr/components", "/home/me/.dapr/config.yaml", "/w/t/b/r/.dapr/components"])
        #expect(home.apps[0].resourcesPaths == ["/home/me/.dapr/components"] && home.apps[0].configFile == "/home/me/.dapr/config.yaml")
        #expect(home.apps[1].resourcesPaths == ["/w/t/b/r/.dapr/components"] && home.apps[1].configFile == nil)
        #expect(try plan(bare, existing: []).apps[0].resourcesPaths == [])
    }

    @Test func `a path that is named must exist, an id may be used once`() throws {
        let text = "version: 1\ncommon: {configFilePath: c}\napps:\n- {appDirPath: a, resourcesPaths: [r]}\n- {appDirPath: x/a}"
        let template = try #require(read(text).template)
        let plan = template.plan(templatePath: "dapr.yaml", workingDirectory: "/w", home: "/h", runtimeFolder: "/h/.dapr") { $0 == "/w/a" }
        #expect(
            plan.errors.map(\.description) == [
                "dapr.yaml: common.configFilePath is /w/c, which does not exist",
                "dapr.yaml:4:3: apps[0].resourcesPaths[0] is /w/a/r, which does not exist",
                "dapr.yaml:5:3: apps[1].appDirPath is /w/x/a, which does not exist",
                #"dapr.yaml:5:3: apps[1].appID is "a", as that of dapr.yaml:4:3; expected an id of its own"#,
            ])
    }

    @Test func `every problem is reported with its place`() {
        let report = read(
            """
            version: 2
            common: {logLevel: loud, maxBodySize: much}
            apps:
            - {appID: a b, appPort: 70000, command: run me, env: [A=b]}
            - {appDirPath: x, appProtocol: http3, daprHttpPort: 3500, appLogDestination: printer}
            - {appDirPath: y, daprGRPCPort: 3500, comand: [x]}
            """)
        #expect(report.template == nil)
        #expect(
            report.errors.map(\.description) == [
                "dapr.yaml:1:10: version is 2; expected 1",
                #"dapr.yaml:2:20: common.logLevel is "loud"; expected one of debug, info, warn, error, fatal"#,
                #"dapr.yaml:2:39: common.maxBodySize is "much"; expected a size such as 512, 64Ki or 4Mi"#,
                "dapr.yaml:4:3: apps[0].appDirPath is missing; expected the app's folder",
                #"dapr.yaml:4:11: apps[0].appID is "a b"; expected an id without /, dot, || and white space"#,
                "dapr.yaml:4:25: apps[0].appPort is 70000; expected a number from -1 to 65535",
                "dapr.yaml:4:41: apps[0].command is a single value; expected a list",
                "dapr.yaml:4:54: apps[0].env is a list; expected a mapping",
                #"dapr.yaml:5:32: apps[1].appProtocol is "http3" (did you mean "http"?); expected one of http, grpc, https, grpcs, h2c"#,
                #"dapr.yaml:5:78: apps[1].appLogDestination is "printer"; expected one of console, file, fileAndConsole"#,
                "dapr.yaml:6:3: apps[2].daprGRPCPort is 3500, which apps[1].daprHTTPPort has already; expected a port of its own",
            ])
        #expect(report.warnings.map(\.description) == [#"dapr.yaml:6:39: apps[2].comand is unknown and ignored (did you mean "command"?)"#])
    }

    @Test(arguments: ["", "- a", "a", "version: 1", "version: 1\napps: []", "version: 1\napps: [{appDirPath: a}]\n---\nversion: 1"])
    func `what is no template is refused`(text: String) {
        let report = read(text)
        #expect(report.template == nil && report.errors.count == 1)
    }

    @Test func `a folder stands for its dapr.yaml`() throws {
        let folder = try TemporaryFolder()
        try folder.write("dapr.yaml", "version: 1\napps: [{appDirPath: .}]")
        #expect(RunTemplate.load(path: folder.path).template?.apps.map(\.directory) == ["."])
        #expect(RunTemplate.load(path: folder.path + "/dapr.yaml").template != nil)
        #expect(RunTemplate.load(path: folder.path + "/x").errors.map(\.message) == ["cannot be read: No such file or directory"])
    }

    @Test func `mutated templates are read or refused`() {
        var random = SplitMix64(state: 7)
        for _ in 0..<300 {
            var bytes = Array(complete.utf8)
            for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 9...126, using: &random) }
            let report = read(String(decoding: bytes, as: UTF8.self))
            #expect((report.template == nil) == !report.errors.isEmpty)
        }
    }

    /// Plans for a template at /w/t/dapr.yaml; paths of the template exist, default ones only as named.
    private func plan(_ text: String? = nil, existing: Set<String>) throws -> RunTemplate.Plan {
        let template = try #require(read(text ?? complete).template)
        let plan = template.plan(
            templatePath: "t/dapr.yaml", workingDirectory: "/w", home: "/home/me", runtimeFolder: "/home/me/.dapr"
        ) { existing.contains($0) || !$0.contains("/.dapr/") }
        #expect(plan.errors == [])
        return plan
    }
}
