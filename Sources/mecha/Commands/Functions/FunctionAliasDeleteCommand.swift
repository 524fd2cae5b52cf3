import ArgumentParser
import MechaCore

/// `mecha fn alias delete`.
struct FunctionAliasDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove an alias; its revisions stay.",
        discussion: """
            Examples:
              mecha fn alias delete hello dev
            """)

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The alias.")
    var alias: String

    @OptionGroup var target: FunctionTarget

    func run() async throws {
        _ = try await target.api().call(.DELETE, FunctionsAPI.path(name, "/aliases/\(PercentCoding.encode(alias))"))
        CommandContext.current.console.note("\(name) has no alias \(alias) any more")
    }
}
