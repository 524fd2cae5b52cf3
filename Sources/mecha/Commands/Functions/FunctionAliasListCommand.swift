import ArgumentParser
import MechaCore

/// `mecha fn alias list`.
struct FunctionAliasListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the aliases of a function.",
        discussion: """
            Examples:
              mecha fn alias list hello
            """)

    @Argument(help: "The function.")
    var name: String

    @OptionGroup var target: FunctionTarget

    @Option(name: .shortAndLong, help: "How to show them.")
    var output: OutputFormat = .table

    func run() async throws {
        let aliases = try await target.api().get(FunctionsAPI.path(name))["aliases"] ?? .object([])
        try CommandContext.current.console.show(aliases, as: output) {
            TextTable(
                headings: ["ALIAS", "WEIGHTS", "STICKY"],
                rows: (aliases.objectValue ?? []).map { alias in
                    let sticky = alias.value["stickiness"]?.objectValue?.first.map { "\($0.name) \(FunctionListing.text($0.value))" }
                    return [alias.name, FunctionListing.weights(alias.value), sticky ?? ""]
                }
            ).text
        }
    }
}
