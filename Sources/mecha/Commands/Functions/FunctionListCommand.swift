import ArgumentParser
import MechaCore

/// `mecha fn list`.
struct FunctionListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the functions of the running runtime.",
        discussion: """
            Examples:
              mecha fn list
              mecha fn list -o json
            """)

    @OptionGroup var target: FunctionTarget

    @Option(name: .shortAndLong, help: "How to show them.")
    var output: OutputFormat = .table

    func run() async throws {
        let console = CommandContext.current.console
        let functions = try await target.api().get("/v1/functions")["functions"] ?? .array([])
        let list = functions.arrayValue ?? []
        if list.isEmpty, output == .table {
            return console.note("There are no functions yet. Deploy one: mecha fn deploy NAME MODULE.wasm")
        }
        try console.show(functions, as: output) { FunctionListing.table(list, now: SystemClock().now()) }
    }
}
