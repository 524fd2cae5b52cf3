import ArgumentParser
import DaprAPI

/// How much of the reference's command line is here, from the tables that the commands run on.
enum CommandLineSupport: String {
    case works
    case withoutEffect = "partly: taken, without effect"
    case refused = "not yet: refused with the reason"
    case notYet = "not yet"

    /// Of a flag of `daprd`, which is `mecha serve` too.
    static func ofDaprd(flag: String) -> Self { FlagTable.serve.support(of: flag) }

    /// Of a flag of a `dapr` command.
    static func of(flag: String, command: String) -> Self {
        if ReferenceCommandLine.common.contains(flag) { return .works }
        return FlagTable.of(command: command)?.support(of: flag) ?? .notYet
    }

    /// Of a command as a whole.
    static func of(command: String) -> Self {
        guard MechaCommand.commands.contains(where: { $0.configuration.commandName == command }) else {
            return MissingCommands.refusal(of: command) == nil ? .notYet : .refused
        }
        // A command is worth as much as the API that it calls.
        guard let route = routes[command] else { return .works }
        return DaprAPISurface.httpSupport.contains { $0.path == route && $0.support == works.rawValue } ? .works : .notYet
    }

    private static let routes = ["publish": "/v1.0/publish/{pubsub}/{topic...}"]

    /// The section of docs/compatibility.md.
    static var page: [String] {
        var lines = ["## Command line", "", "### `daprd`, which is also `mecha serve`", "", "| flag | state |", "|---|---|"]
        lines += ReferenceCommandLine.daprd.flags.map { "| `--\($0)` | \(ofDaprd(flag: $0).rawValue) |" }
        lines += ["", "### `dapr`, which is also `mecha`", "", "| command | flag | state |", "|---|---|---|"]
        lines += ReferenceCommandLine.common.map { "| every command | `--\($0)` | \(of(flag: $0, command: "run").rawValue) |" }
        for command in ReferenceCommandLine.commands {
            lines.append("| `\(command.name)` | | \(of(command: command.name).rawValue) |")
            lines += command.flags.map { "| `\(command.name)` | `--\($0)` | \(of(flag: $0, command: command.name).rawValue) |" }
        }
        lines += ReferenceCommandLine.otherCommands.map { "| `\($0)` | | \(of(command: $0).rawValue) |" }
        return lines + [""]
    }
}

extension FlagTable {
    func support(of flag: String) -> CommandLineSupport {
        if refused.contains(flag) { return .refused }
        if withoutEffect.union(ignoredValues).union(ignoredSwitches).contains(flag) { return .withoutEffect }
        return values.union(switches).union(invertible).contains(flag) ? .works : .notYet
    }
}
