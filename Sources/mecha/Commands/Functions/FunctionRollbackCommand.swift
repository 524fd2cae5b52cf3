import ArgumentParser
import MechaCore

/// `mecha fn rollback`.
struct FunctionRollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Send the calls of an alias where they went before.",
        discussion: """
            Takes effect at once; no call fails. Given again it goes back further.

            Examples:
              mecha fn rollback hello
              mecha fn rollback hello --to 3
              mecha fn rollback hello --alias dev
            """)

    @Argument(help: "The function.")
    var name: String

    @Option(help: "The alias (default: prod).")
    var alias: String?

    @Option(help: "The revision that gets all calls.")
    var to: Int?

    @OptionGroup var target: FunctionTarget

    @Option(name: .shortAndLong, help: "How to show the result.")
    var output: OutputFormat = .table

    func run() async throws {
        var members: [JSON.Member] = []
        if let alias { members.append(.init("alias", .string(alias))) }
        if let to { members.append(.init("revision", .integer(to))) }
        let function = try await target.api().call(.POST, FunctionsAPI.path(name, "/rollback"), .object(members))
        let state = function["aliases"]?[alias ?? "prod"] ?? .null
        try CommandContext.current.console.show(state, as: output) { "\(name) \(alias ?? "prod") \(FunctionListing.weights(state))" }
    }
}
