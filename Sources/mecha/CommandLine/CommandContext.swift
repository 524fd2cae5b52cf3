/// What surrounds a command: who it plays, its environment, and flags that hold for every command.
struct CommandContext: Sendable {
    /// Set once before a command runs; tests bind their own.
    @TaskLocal static var current = CommandContext(persona: .mecha, environment: [:])

    var persona: Persona
    var environment: [String: String]
    /// `--log-as-json`: status lines and runtime logs as JSON.
    var isLogJSON = false
    /// The command's arguments as they were normalized.
    var words: [String] = []
    /// The signals that end a run, for the commands that host a runtime.
    var signals: SignalWatcher?
    /// `--runtime-path`: folder that holds `.dapr` instead of the home folder.
    var runtimePath: String?

    init(persona: Persona, environment: [String: String]) {
        self.persona = persona
        self.environment = environment
        runtimePath = environment["DAPR_RUNTIME_PATH"].flatMap { $0.isEmpty ? nil : $0 }
    }

    var folders: HomeFolders { HomeFolders(environment: environment, runtimePath: runtimePath) }

    var console: Console { Console(isJSON: isLogJSON) }
}
