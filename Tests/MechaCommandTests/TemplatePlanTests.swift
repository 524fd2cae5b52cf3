import MechaHost
import MechaTestKit
import Testing

@testable import mecha

@Suite struct TemplatePlanTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "mecha-template") }

    private func plan(_ template: String, environment: [String: String] = [:]) throws -> RunPlan {
        try Files.makeDirectory(folder.file("one"))
        try Files.makeDirectory(folder.file("two"))
        try Files.write(template, to: folder.file("dapr.yaml"))
        let context = CommandContext(persona: .mecha, environment: ["HOME": folder.path].merging(environment) { $1 })
        return try TemplateLoader(context: context, runtime: try RuntimeFlags.parse([])).plan(folder.path)
    }

    @Test func `each app has its own ports, folder, command and environment`() throws {
        let plan = try plan(
            """
            version: 1
            name: shop
            common:
              env: {COLOR: blue, DAPR_API_TOKEN: common}
              appMaxConcurrency: 3
            apps:
            - appDirPath: one
              appPort: 3000
              daprHTTPPort: 3510
              command: [python3, app.py]
              env: {COLOR: red, DAPR_API_TOKEN: own}
            - appID: second
              appDirPath: two
            """)
        #expect(plan.template?.name == "shop")
        #expect(plan.template?.path == Files.absolute(folder.file("dapr.yaml")))
        let (one, two) = (plan.apps[0], plan.apps[1])
        #expect(one.options.appID == "one")
        #expect(one.options.appPort == 3000)
        #expect(one.options.httpPort == 3510)
        #expect(one.command == ["python3", "app.py"])
        #expect(one.environment["COLOR"] == "red")
        #expect(one.options.apiToken == "own")
        #expect(one.directory == Files.absolute(folder.file("one")))
        #expect(one.options.workingDirectory == one.directory)
        #expect(two.options.appID == "second")
        #expect(two.options.httpPort == 0)
        #expect(two.options.apiToken == "common")
        #expect(two.options.appMaxConcurrency == 3)
        #expect(two.command.isEmpty)
    }

    @Test func `logs go where the template says, by default those of runtimes to files`() throws {
        let plan = try plan(
            """
            version: 1
            apps:
            - {appDirPath: one, command: [x], daprdLogDestination: console, appLogDestination: file}
            - {appDirPath: two, command: [x]}
            """)
        let (one, two) = (plan.apps[0], plan.apps[1])
        #expect(one.daprLog == .console)
        #expect(one.options.logPrefix == "== DAPR - one == ")
        #expect(!one.appLog.isOnConsole)
        #expect(two.appLog.isOnConsole)
        let logs = Files.absolute(folder.file("two")) + "/.dapr/logs"
        #expect(two.logDirectory == logs)
        #expect(two.appLog.file?.hasPrefix("\(logs)/two_app_") == true)
        #expect(two.options.logFile?.hasPrefix("\(logs)/two_daprd_") == true)
        #expect(!two.options.isLogOnConsole)
    }

    @Test func `an app without a command has no app log`() throws {
        let plan = try plan("{version: 1, apps: [{appDirPath: one}]}")
        #expect(plan.apps[0].appLog == .nowhere)
    }

    @Test func `metrics of all apps are on the first port that one names`() throws {
        #expect(try plan("{version: 1, apps: [{appDirPath: one}, {appDirPath: two, metricsPort: 9099}]}").runtime.metricsPort == 9099)
        #expect(try plan("{version: 1, apps: [{appDirPath: one}]}").runtime.metricsPort == 0)
    }

    @Test func `a template is found in its folder, and what is none is refused with a hint`() throws {
        #expect(throws: CommandError.self) { try RunFile.locate(folder.path) }
        try Files.write("version: 1", to: folder.file("dapr.yaml"))
        #expect(try RunFile.locate(folder.path) == Files.absolute(folder.file("dapr.yaml")))
        try Files.write("", to: folder.file("notes.txt"))
        #expect(throws: CommandError.self) { try RunFile.locate(folder.file("notes.txt")) }
        #expect(throws: CommandError.self) { try RunFile.locate(folder.file("missing.yaml")) }
    }
}
