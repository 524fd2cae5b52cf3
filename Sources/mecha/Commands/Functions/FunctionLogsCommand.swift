import ArgumentParser
import MechaCore

/// `mecha fn logs`.
struct FunctionLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show the last log lines of a function.",
        discussion: """
            Examples:
              mecha fn logs hello
              mecha fn logs hello -f
              mecha fn logs hello --lines 20 -o json
            """)

    private static let pause = Duration.milliseconds(300)

    @Argument(help: "The function.")
    var name: String

    @Option(help: "How many lines at most.")
    var lines = 100

    @Flag(name: .shortAndLong, help: "Go on with new lines until interrupted.")
    var follow = false

    @OptionGroup var target: FunctionTarget

    @Option(name: .shortAndLong, help: "How to show them.")
    var output: OutputFormat = .table

    func run() async throws {
        let console = CommandContext.current.console
        let api = try await target.api()
        var last = 0
        repeat {
            let count = last == 0 ? max(0, lines) : 1_000
            let answer = try await api.get(FunctionsAPI.path(name, "/logs?after=\(last)&count=\(count)"))
            let new = answer.arrayValue ?? []
            if follow || output == .table {
                for line in new { console.data(output == .table ? Self.text(line) : line.text) }
            } else {
                try console.show(answer, as: output) { "" }
            }
            last = new.last?["number"]?.intValue ?? max(last, follow ? last : 0)
            if follow { try await Task.sleep(for: Self.pause) }
        } while follow
    }

    private static func text(_ line: JSON) -> String {
        "\(FunctionListing.text(line["time"])) \(FunctionListing.text(line["level"])) \(FunctionListing.text(line["message"]))"
    }
}
