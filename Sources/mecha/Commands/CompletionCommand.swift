import ArgumentParser

/// `mecha completion`: scripts for shells.
struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a completion script for a shell.",
        discussion: """
            Examples:
              source <(mecha completion bash)
              mecha completion zsh > "${fpath[1]}/_mecha"
              mecha completion fish > ~/.config/fish/completions/mecha.fish
            """)

    @Argument(help: "The shell: bash, zsh or fish.")
    var shell: String

    func run() throws {
        guard let shell = CompletionShell.allCases.first(where: { $0.rawValue == shell }) else {
            throw CommandError("There is no completion script for '\(shell)'", hint: "bash, zsh and fish have one")
        }
        let context = CommandContext.current
        context.console.data(
            context.persona == .dapr ? DaprCommand.completionScript(for: shell) : MechaCommand.completionScript(for: shell))
    }
}
