import ArgumentParser
import MechaCore

/// `mecha fn usage`.
struct FunctionUsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Show what functions have used, by revision.",
        discussion: """
            Counts since the function was first deployed. Memory is counted as MiB times seconds in use.

            Examples:
              mecha fn usage
              mecha fn usage hello -o json
            """)

    @Argument(help: "The function; all of them when left out.")
    var name: String?

    @OptionGroup var target: FunctionTarget

    @Option(name: .shortAndLong, help: "How to show it.")
    var output: OutputFormat = .table

    func run() async throws {
        let api = try await target.api()
        let usage = try await api.get(name.map { FunctionsAPI.path($0, "/usage") } ?? "/v1/usage")
        try CommandContext.current.console.show(usage, as: output) { FunctionListing.usage(usage.arrayValue ?? [usage]) }
    }
}
