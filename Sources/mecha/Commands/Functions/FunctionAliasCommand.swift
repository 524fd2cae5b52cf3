import ArgumentParser

/// `mecha fn alias`.
struct FunctionAliasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias", abstract: "Say which revisions get the calls.",
        discussion: """
            Examples:
              mecha fn alias set hello prod 1=90 2=10
              mecha fn alias set hello prod 1=50 2=50 --sticky-cookie who
              mecha fn alias list hello
              mecha fn alias delete hello dev
            """,
        subcommands: [FunctionAliasSetCommand.self, FunctionAliasListCommand.self, FunctionAliasDeleteCommand.self])
}
