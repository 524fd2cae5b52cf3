import ArgumentParser

/// `mecha fn delete`.
struct FunctionDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "End a function and forget its revisions and accounts.",
        discussion: """
            Calls under way end first.

            Examples:
              mecha fn delete hello
            """)

    @Argument(help: "The functions.")
    var names: [String]

    @OptionGroup var target: FunctionTarget

    func run() async throws {
        let api = try await target.api()
        for name in names {
            _ = try await api.call(.DELETE, FunctionsAPI.path(name))
            CommandContext.current.console.note("\(name) is deleted")
        }
    }
}
