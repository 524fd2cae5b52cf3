import ArgumentParser

/// The command line of `mecha`.
struct MechaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mecha",
        abstract: "A runtime beside your app: state, invocation and secrets behind Dapr's APIs, in one process.",
        discussion: """
            Examples:
              mecha run --app-id orders --app-port 3000 -- node orders.js
              mecha run -f dapr.yaml
              mecha list
              mecha invoke --app-id orders --method status --verb GET
            """,
        version: Version.text,
        subcommands: commands)

    static let commands: [any ParsableCommand.Type] = [
        RunCommand.self, ServeCommand.self, ListCommand.self, StopCommand.self, InvokeCommand.self, PublishCommand.self,
        RedriveCommand.self,
        FunctionCommand.self, InitCommand.self, UninstallCommand.self, ComponentsCommand.self, ConfigurationsCommand.self,
        VersionCommand.self,
        CompletionCommand.self,
    ]
}
