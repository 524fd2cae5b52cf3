import ArgumentParser
import MechaCore

/// `mecha fn describe`.
struct FunctionDescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Show a function with its revisions, aliases and triggers.",
        discussion: """
            Examples:
              mecha fn describe hello
              mecha fn describe hello -o yaml
            """)

    @Argument(help: "The function.")
    var name: String

    @OptionGroup var target: FunctionTarget

    @Option(name: .shortAndLong, help: "How to show it.")
    var output: OutputFormat = .table

    func run() async throws {
        let function = try await target.api().get(FunctionsAPI.path(name))
        try CommandContext.current.console.show(function, as: output) {
            FunctionListing.description(function, now: SystemClock().now())
        }
    }
}
