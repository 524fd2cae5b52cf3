import ArgumentParser
import MechaCore
import MechaManifest

/// `mecha fn release`.
struct FunctionReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Give a revision the calls of an alias step by step.",
        discussion: """
            Each step lasts --wait, and until the revision had --min-calls calls in it. When more of them fail than \\
            --max-error-rate allows, or they take longer than --max-latency-p99, the calls go back where they went before. \\
            The runtime does all this: the command does not wait, and a restart goes on with the step.

            Examples:
              mecha fn deploy hello hello2.wasm --no-traffic
              mecha fn release hello --steps 5,25,50,100 --wait 30s --max-error-rate 1% --max-latency-p99 200ms
              mecha fn release hello --status
              mecha fn release hello --abort
            """)

    @Argument(help: "The function.")
    var name: String

    @Option(help: "The alias (default: prod).")
    var alias: String?

    @Option(help: "The revision (default: the newest).")
    var revision: Int?

    @Option(help: "Parts of the calls in percent, one after the other; 100 is added at the end (default: 5,25,50,100).")
    var steps = "5,25,50,100"

    @Option(help: "How long each step lasts (default: 30s).")
    var wait: DurationText?

    @Option(help: "Calls that may fail, of those of a step, such as 1% (default: any).")
    var maxErrorRate: String?

    @Option(name: .customLong("max-latency-p99"), help: "What 99 of 100 calls of a step must stay below (default: any).")
    var maxLatency: DurationText?

    @Option(help: "Calls of the revision that a step must have had (default: 20).")
    var minCalls: Int?

    @Flag(help: "Only show how the release stands.")
    var status = false

    @Flag(help: "End the release; its calls go back.")
    var abort = false

    @OptionGroup var target: FunctionTarget

    @Option(name: .shortAndLong, help: "How to show the result.")
    var output: OutputFormat = .table

    func validate() throws {
        if status, abort { throw ValidationError("--status and --abort do not go together") }
    }

    func run() async throws {
        let api = try await target.api()
        let alias = alias ?? "prod"
        let function: JSON
        if status {
            function = try await api.get(FunctionsAPI.path(name))
        } else if abort {
            function = try await api.call(.DELETE, FunctionsAPI.path(name, "/releases/\(PercentCoding.encode(alias))"))
        } else {
            function = try await api.call(.POST, FunctionsAPI.path(name, "/releases"), .object(try plan(alias)))
        }
        guard let release = function["releases"]?[alias] else { throw CommandError("\(name) has had no release through '\(alias)'") }
        try CommandContext.current.console.show(release, as: output) { "\(name) \(alias): \(FunctionListing.release(release))" }
    }

    private func plan(_ alias: String) throws(CommandError) -> [JSON.Member] {
        var numbers: [JSON] = []
        for step in steps.split(separator: ",") {
            guard let number = Int(step.hasSuffix("%") ? step.dropLast() : step) else {
                throw CommandError("--steps \(steps) is not understood", hint: "like --steps 5,25,50,100")
            }
            numbers.append(.integer(number))
        }
        var members: [JSON.Member] = [.init("alias", .string(alias)), .init("steps", .array(numbers))]
        if let revision { members.append(.init("revision", .integer(revision))) }
        if let wait { members.append(.init("waitMilliseconds", .integer(Int(wait.duration / .milliseconds(1))))) }
        if let maxErrorRate {
            guard let rate = FunctionSpec.Alias.Release.rate(maxErrorRate) else {
                throw CommandError("--max-error-rate \(maxErrorRate) is no part of all calls", hint: "like --max-error-rate 1%")
            }
            members.append(.init("errorsPer100000AtMost", .integer(rate)))
        }
        if let maxLatency { members.append(.init("p99MillisecondsAtMost", .integer(Int(maxLatency.duration / .milliseconds(1))))) }
        if let minCalls { members.append(.init("callsAtLeast", .integer(minCalls))) }
        return members
    }
}
