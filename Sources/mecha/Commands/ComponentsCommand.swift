import ArgumentParser

/// `mecha components`: what this build can put behind the APIs.
struct ComponentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "components",
        abstract: "Show the components that this build contains.",
        discussion: """
            Examples:
              mecha components list
              mecha components describe state.redis
            """,
        subcommands: [ComponentsListCommand.self, ComponentsDescribeCommand.self],
        defaultSubcommand: ComponentsListCommand.self)
}
