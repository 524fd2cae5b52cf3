import ArgumentParser
import MechaCore

/// Takes a command line from its words to the process's exit code.
struct CommandRunner: Sendable {
    private let persona: Persona
    /// The command and its arguments, normalized.
    let words: [String]
    private(set) var context: CommandContext

    init(persona: Persona, environment: [String: String], arguments: [String]) {
        self.persona = persona
        context = CommandContext(persona: persona, environment: environment)
        words = Self.prepare(arguments, context: &context)
    }

    /// Whether the command starts a runtime in this process, whose end signals then ask for.
    var hostsRuntime: Bool { persona == .daprd || words.first == "run" || words.first == "serve" }

    /// - Parameter signals: taken over already when the command hosts a runtime.
    func run(signals: SignalWatcher?) async -> Int32 {
        var context = context
        context.signals = signals
        return await CommandContext.$current.withValue(context) {
            do {
                if let first = words.first, persona != .daprd, !first.hasPrefix("-") { try checkCommand(first) }
                var command = try root.parseAsRoot(words)
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
                return 0
            } catch {
                return finish(error)
            }
        }
    }

    private func checkCommand(_ name: String) throws(CommandError) {
        if let refusal = MissingCommands.refusal(of: name) { throw refusal }
        let known = MechaCommand.commands.compactMap { $0.configuration.commandName } + ["help"]
        if known.contains(name) { return }
        let hint = nearestName(to: name, among: known).map { "did you mean \($0)?" }
        throw CommandError("There is no command '\(name)'", hint: hint ?? "see '\(persona.rawValue) --help'")
    }

    /// Removes what holds for every command and normalizes the rest.
    private static func prepare(_ arguments: [String], context: inout CommandContext) -> [String] {
        if context.persona == .daprd {
            return ArgumentNormalizer(table: .serve, allowsSingleDashNames: true).normalize(arguments)
        }
        var arguments = takeGlobalFlags(arguments, context: &context)
        guard let name = arguments.first else { return arguments }
        arguments.removeFirst()
        switch name {
        case "run":
            let normalizer = ArgumentNormalizer(table: .run, allowsSingleDashNames: false)
            let words = normalizer.normalize(arguments)
            context.words = words
            return [name] + normalizer.defaults(from: context.environment, besides: words) + words
        case "serve":
            return [name] + ArgumentNormalizer(table: .serve, allowsSingleDashNames: true).normalize(arguments)
        case "-v": return ["--version"] + arguments
        default:
            guard let table = FlagTable.of(command: name) else { return [name] + arguments }
            return [name] + ArgumentNormalizer(table: table, allowsSingleDashNames: false).normalize(arguments)
        }
    }

    private static func takeGlobalFlags(_ arguments: [String], context: inout CommandContext) -> [String] {
        var output: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                output.append(argument)
                return output + rest
            }
            if argument == "--log-as-json" {
                context.isLogJSON = true
            } else if argument.hasPrefix("--log-as-json="), let isOn = ArgumentNormalizer.boolean(argument.dropFirst(14)) {
                context.isLogJSON = isOn
            } else if argument == "--runtime-path", let path = rest.popFirst() {
                context.runtimePath = path
            } else if argument.hasPrefix("--runtime-path=") {
                context.runtimePath = String(argument.dropFirst(15))
            } else {
                output.append(argument)
            }
        }
        return output
    }

    private var root: any ParsableCommand.Type {
        switch persona {
        case .mecha: MechaCommand.self
        case .dapr: DaprCommand.self
        case .daprd: DaprdCommand.self
        }
    }

    /// Help and version texts go to standard output, errors as one line to standard error.
    private func finish(_ error: any Error) -> Int32 {
        let console = context.console
        switch error {
        case let error as CommandError:
            console.failure(error.description)
            return error.exitCode
        case let code as ExitCode:
            return code.rawValue
        default:
            if root.exitCode(for: error).isSuccess {
                console.data(root.fullMessage(for: error))
                return 0
            }
            console.failure(usageMessage(root.message(for: error)))
            return 1
        }
    }

    private func usageMessage(_ message: String) -> String {
        let message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        guard !message.contains("Did you mean") else { return message }
        let hasPlainWords = words.dropFirst().contains { !$0.hasPrefix("-") }
        if words.first == "run", message.hasPrefix("Unknown option"), hasPlainWords, !words.contains("--") {
            return "\(message) (put -- before the app's command when it has flags of its own)"
        }
        let command = persona == .daprd ? "" : words.first.map { $0.hasPrefix("-") ? "" : " \($0)" } ?? ""
        return "\(message) (see '\(persona.rawValue)\(command) --help')"
    }
}
