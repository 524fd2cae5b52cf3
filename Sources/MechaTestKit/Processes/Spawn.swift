#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a child process is started with; signals are reset to their defaults in it.
struct Spawn {
    private let executable: String
    private let arguments: [String]
    private var environment: [String: String]?
    private var directory: String?
    private var outputPath: String?
    private var input: Int32?

    init(_ executable: String, _ arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }

    func environment(_ environment: [String: String]?) -> Spawn { with { $0.environment = environment } }
    func directory(_ directory: String?) -> Spawn { with { $0.directory = directory } }
    func output(_ path: String) -> Spawn { with { $0.outputPath = path } }
    func input(_ descriptor: Int32) -> Spawn { with { $0.input = descriptor } }

    private func with(_ change: (inout Spawn) -> Void) -> Spawn {
        var copy = self
        change(&copy)
        return copy
    }

    /// Starts the child and answers its id.
    func run() throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, outputPath ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // The C library's own way to change the folder is not visible to Swift; env(1) does it.
        let command = (directory.map { ["env", "-C", $0] } ?? []) + [executable] + arguments
        let argv = command.map { strdup($0) } + [nil]
        let envp = environment.map { $0.map { strdup("\($0.key)=\($0.value)") } + [nil] }
        defer { for string in argv + (envp ?? []) { free(string) } }
        var child: pid_t = 0
        let failure =
            envp.map { posix_spawnp(&child, command[0], &actions, &attributes, argv, $0) }
            ?? posix_spawnp(&child, command[0], &actions, &attributes, argv, environ)
        guard failure == 0 else { throw TestKitError("cannot start \(executable): \(String(cString: strerror(failure)))") }
        return child
    }
}
