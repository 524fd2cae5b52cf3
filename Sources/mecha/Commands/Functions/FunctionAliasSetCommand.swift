import ArgumentParser
import MechaCore

/// `mecha fn alias set`.
struct FunctionAliasSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Spread the calls of an alias over revisions by weight.",
        discussion: """
            Takes effect at once; no call fails. What is left out gets nothing.

            Examples:
              mecha fn alias set hello prod 1=90 2=10
              mecha fn alias set hello prod 2
              mecha fn alias set hello prod 1=50 2=50 --sticky-header x-user
            """)

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The alias.")
    var alias: String

    @Argument(help: ArgumentHelp("REVISION=WEIGHT, or one revision for all calls.", valueName: "weights"))
    var weights: [String]

    @Option(help: "Calls with the same value of this header stay on one revision.")
    var stickyHeader: String?

    @Option(help: "Browsers stay on one revision by a cookie of this name.")
    var stickyCookie: String?

    @Flag(name: .customLong("no-sticky"), help: "Spread every call by itself again.")
    var isNotSticky = false

    @OptionGroup var target: FunctionTarget

    @Option(name: .shortAndLong, help: "How to show the result.")
    var output: OutputFormat = .table

    func run() async throws {
        var members: [JSON.Member] = []
        for entry in weights {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let revision = Int(parts[0]), revision > 0, let weight = parts.count > 1 ? Int(parts[1]) : weights.count == 1 ? 100 : nil,
                weight >= 0
            else { throw CommandError("'\(entry)' is no weight of a revision", hint: "like 1=90 2=10") }
            members.append(.init(String(revision), .integer(weight)))
        }
        var document: [JSON.Member] = [.init("weights", .object(members))]
        if let stickyHeader {
            document.append(.init("stickiness", ["header": .string(stickyHeader)]))
        } else if let stickyCookie {
            document.append(.init("stickiness", ["cookie": .string(stickyCookie)]))
        } else if isNotSticky {
            document.append(.init("stickiness", .null))
        }
        let function = try await target.api().call(
            .PUT, FunctionsAPI.path(name, "/aliases/\(PercentCoding.encode(alias))"), .object(document))
        let state = function["aliases"]?[alias] ?? .null
        try CommandContext.current.console.show(state, as: output) { "\(name) \(alias) \(FunctionListing.weights(state))" }
    }
}
