import ArgumentParser
import Testing

@testable import mecha

@Suite struct CommandRunnerTests {
    private func prepare(_ arguments: [String], persona: Persona = .mecha) -> (words: [String], context: CommandContext) {
        let runner = CommandRunner(persona: persona, environment: [:], arguments: arguments)
        return (runner.words, runner.context)
    }

    @Test(arguments: [
        (["run"], Persona.mecha, true), (["--runtime-path", "x", "run"], .dapr, true), (["serve", "-app-id", "x"], .mecha, true),
        ([], .daprd, true), (["stop", "run"], .mecha, false), ([], .mecha, false),
    ])
    func `signals are taken over for commands that host a runtime`(arguments: [String], persona: Persona, expected: Bool) {
        #expect(CommandRunner(persona: persona, environment: [:], arguments: arguments).hostsRuntime == expected)
    }

    @Test(arguments: [
        ("mecha", Persona.mecha), ("/usr/bin/dapr", .dapr), ("./daprd", .daprd), ("/opt/mecha-1.0", .mecha), ("", .mecha),
    ])
    func `the name under which it is called makes the program`(path: String, persona: Persona) {
        #expect(Persona(programPath: path) == persona)
    }

    @Test func `flags of every command are taken out wherever they stand`() {
        let (words, context) = prepare(["list", "--log-as-json", "-o", "json", "--runtime-path", "/opt"])
        #expect(words == ["list", "--output=json"])
        #expect(context.isLogJSON)
        #expect(context.runtimePath == "/opt")
        #expect(context.folders.dapr == "/opt/.dapr")
    }

    @Test func `flags of the app's command are not taken`() {
        let (words, context) = prepare(["run", "--", "app", "--log-as-json"])
        #expect(words == ["run", "--", "app", "--log-as-json"])
        #expect(!context.isLogJSON)
    }

    @Test func `daprd has its own flag of that name`() {
        #expect(prepare(["-log-as-json", "-app-id", "x"], persona: .daprd).words == ["--log-as-json", "--app-id=x"])
    }

    @Test func `the short flag for the version is the program's`() {
        #expect(prepare(["-v"]).words == ["--version"])
        #expect(prepare(["invoke", "-v", "GET"]).words == ["invoke", "--verb=GET"])
    }

    @Test(arguments: ["annotate", "dashboard", "logs", "mtls", "scheduler", "status", "upgrade", "workflow", "mcpservers", "build-info"])
    func `commands of Dapr that are missing here are refused with a reason`(name: String) {
        #expect(MissingCommands.refusal(of: name)?.hint?.isEmpty == false)
    }

    @Test func `no command that exists is refused`() {
        for command in MechaCommand.commands {
            #expect(MissingCommands.refusal(of: command.configuration.commandName ?? "") == nil)
        }
    }

    @Test func `every command has a name, a summary and, where it takes arguments, examples`() {
        for command in MechaCommand.commands + [MechaCommand.self, DaprCommand.self, DaprdCommand.self] {
            #expect(command.configuration.commandName?.isEmpty == false)
            #expect(command.configuration.abstract.hasSuffix("."))
            #expect(command.configuration.discussion.contains("Examples:"))
        }
    }

    @Test func `a published CloudEvent is sent as one`() {
        #expect(PublishCommand.contentType(of: nil) == "application/json")
        #expect(PublishCommand.contentType(of: .init(string: #"{"id": 1}"#)) == "application/json")
        #expect(PublishCommand.contentType(of: .init(string: "plain")) == "application/json")
        let event = #"{"id": "1", "source": "s", "specversion": "1.0", "type": "t", "data": {}}"#
        #expect(PublishCommand.contentType(of: .init(string: event)) == "application/cloudevents+json")
    }
}
