import ArgumentParser

/// The same commands when the binary is called `dapr`.
struct DaprCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dapr",
        abstract: "Dapr's command line, by Mecha.",
        discussion: """
            Examples:
              dapr run --app-id orders --app-port 3000 -- node orders.js
              dapr run -f .
              dapr list
              dapr stop --app-id orders
            """,
        version: Version.text,
        subcommands: MechaCommand.commands)
}
