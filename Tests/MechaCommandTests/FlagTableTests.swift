import ArgumentParser
import MechaCore
import Testing

@testable import mecha

/// The hand-written tables against the flags that the parser knows.
@Suite struct FlagTableTests {
    private struct Declared {
        var values: Set<String> = []
        var switches: Set<String> = []
        var shorts: [Character: String] = [:]
    }

    private func declared(_ command: any ParsableCommand.Type) throws -> Declared {
        let help = try JSON.parse(command._dumpHelp())
        let arguments = try #require(help["command"]?["arguments"]?.arrayValue)
        var declared = Declared()
        for argument in arguments {
            let kind = argument["kind"]?.stringValue
            guard kind == "option" || kind == "flag" else { continue }
            let names = argument["names"]?.arrayValue ?? []
            let longs = names.filter { $0["kind"]?.stringValue == "long" }.compactMap { $0["name"]?.stringValue }
            let shorts = names.filter { $0["kind"]?.stringValue == "short" }.compactMap { $0["name"]?.stringValue?.first }
            guard let long = longs.first, long != "help" else { continue }
            if kind == "option" { declared.values.formUnion(longs) } else { declared.switches.formUnion(longs) }
            for short in shorts { declared.shorts[short] = long }
        }
        return declared
    }

    @Test func `the table of run is what run declares`() throws {
        let declared = try declared(RunCommand.self)
        #expect(FlagTable.run.values == declared.values)
        #expect(FlagTable.run.switches == declared.switches)
        #expect(FlagTable.run.shorts == declared.shorts)
    }

    @Test func `the table of serve is what serve declares`() throws {
        let declared = try declared(ServeCommand.self)
        let table = FlagTable.serve
        #expect(table.values == declared.values)
        #expect(table.switches.union(table.invertible).union(table.invertible.map { "no-\($0)" }) == declared.switches)
        #expect(table.shorts == declared.shorts)
    }

    private static let otherCommands: [String] = MechaCommand.commands.compactMap { $0.configuration.commandName }
        .filter { $0 != "run" && $0 != "serve" }
    private static let flagsOfCommands: [[String]] = ReferenceCommandLine.commands.flatMap { command in
        command.flags.map { [command.name, $0] }
    }

    private func leaves(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        let parts = command.configuration.subcommands
        return parts.isEmpty ? [command] : parts.flatMap(leaves)
    }

    @Test(arguments: otherCommands)
    func `the table of every other command is what it declares`(name: String) throws {
        let command = try #require(MechaCommand.commands.first { $0.configuration.commandName == name })
        let table = try #require(FlagTable.of(command: name))
        let parts = leaves(of: command)
        var all = Declared()
        for part in parts {
            let declared = try declared(part)
            all.values.formUnion(declared.values)
            all.switches.formUnion(declared.switches)
            all.shorts.merge(declared.shorts) { $1 }
        }
        #expect(table.values == all.values)
        #expect(table.switches == all.switches.subtracting(["version"]))
        #expect(table.shorts == all.shorts)
        #expect(table.refused.union(table.withoutEffect).isSubset(of: table.values.union(table.switches)))
    }

    // What docs/compatibility.md says of flags, tried out.

    @Test(arguments: ReferenceCommandLine.daprd.flags)
    func `a flag of daprd is taken, or refused with the reason`(flag: String) async throws {
        try await tryOut(flag, words: ["serve"], table: .serve, state: CommandLineSupport.ofDaprd(flag: flag))
        #expect(CommandLineSupport.ofDaprd(flag: flag) != .notYet)
    }

    @Test(arguments: flagsOfCommands)
    func `a flag of a command is what the page says`(names: [String]) async throws {
        let table = try #require(FlagTable.of(command: names[0]))
        try await tryOut(names[1], words: [names[0]], table: table, state: .of(flag: names[1], command: names[0]))
    }

    /// Parses the flag among words that the command would else accept.
    private func tryOut(_ flag: String, words: [String], table: FlagTable, state: CommandLineSupport) async throws {
        let values = [
            "app-protocol": "grpc", "output": "json", "log-level": "debug", "app-channel-address": "localhost", "resources-path": "/tmp",
            "max-body-size": "1Mi", "read-buffer-size": "8Ki", "dapr-block-shutdown-duration": "1s", "disable-init-endpoints": "config",
            "mode": "standalone",
        ]
        let takesValue = table.values.union(table.ignoredValues).contains(flag)
        let runner = CommandRunner(
            persona: .mecha, environment: [:], arguments: words + ["--\(flag)"] + (takesValue ? [values[flag] ?? "1"] : []))
        var failure = ""
        do {
            _ = try MechaCommand.parseAsRoot(runner.words)
        } catch {
            failure = MechaCommand.message(for: error)
        }
        switch state {
        case .works, .withoutEffect:
            #expect(!failure.contains("Unknown option") && !failure.contains("is invalid"), Comment(rawValue: failure))
        case .notYet:
            #expect(failure.contains("Unknown option"), Comment(rawValue: failure))
        case .refused:
            #expect(failure.isEmpty)
            #expect(await runner.run(signals: nil) == 1)
        }
    }

    @Test func `a command of the reference is there or its absence explained`() {
        for command in ReferenceCommandLine.commands { #expect(FlagTable.of(command: command.name) != nil) }
        for command in ReferenceCommandLine.otherCommands {
            #expect(MissingCommands.refusal(of: command) != nil)
            #expect(CommandLineSupport.of(command: command) == .refused)
        }
    }
}
