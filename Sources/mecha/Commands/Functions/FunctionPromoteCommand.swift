import ArgumentParser
import MechaCore

/// `mecha fn promote`.
struct FunctionPromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Give an alias the revisions of another one.",
        discussion: """
            Environments are aliases: what proved itself in one goes on to the next.

            Examples:
              mecha fn promote hello dev pre
              mecha fn promote hello pre prod
            """)

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The alias whose revisions are taken.")
    var from: String

    @Argument(help: "The alias that gets them.")
    var to: String

    @OptionGroup var target: FunctionTarget

    @Option(name: .shortAndLong, help: "How to show the result.")
    var output: OutputFormat = .table

    func run() async throws {
        let api = try await target.api()
        let function = try await api.get(FunctionsAPI.path(name))
        guard let weights = function["aliases"]?[from]?["weights"] else {
            let known = (function["aliases"]?.objectValue ?? []).map(\.name)
            throw CommandError("\(name) has no alias '\(from)'", hint: "it has \(known.joined(separator: ", "))")
        }
        let changed = try await api.call(
            .PUT, FunctionsAPI.path(name, "/aliases/\(PercentCoding.encode(to))"), ["weights": weights])
        let state = changed["aliases"]?[to] ?? .null
        try CommandContext.current.console.show(state, as: output) { "\(name) \(to) \(FunctionListing.weights(state))" }
    }
}
