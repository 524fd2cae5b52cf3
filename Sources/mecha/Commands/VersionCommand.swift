import ArgumentParser
import MechaCore

/// `mecha version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the versions of the command line and the runtime.",
        discussion: """
            Examples:
              mecha version
              mecha version -o json
            """)

    @Option(name: .shortAndLong, help: "How to show them.")
    var output: OutputFormat = .table

    func run() throws {
        let data: JSON = [
            "Cli version": .string(MechaVersion.daprCompatibility), "Runtime version": .string(MechaVersion.daprCompatibility),
            "Mecha version": .string(MechaVersion.current),
        ]
        let console = CommandContext.current.console
        // One line, as Dapr prints it.
        if output == .json { return console.data(data.text) }
        try console.show(data, as: output) { Version.text }
    }
}
