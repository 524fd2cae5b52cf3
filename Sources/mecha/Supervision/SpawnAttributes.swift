import CProcess

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What a new process starts with, for `posix_spawn(3)`.
struct SpawnAttributes: ~Copyable {
    enum SignalMask { case none, all }

    #if canImport(Glibc)
    private var attributes = posix_spawnattr_t()
    private var actions = posix_spawn_file_actions_t()
    #else
    private var attributes: posix_spawnattr_t?
    private var actions: posix_spawn_file_actions_t?
    #endif
    private var flags: Int32 = 0

    init() {
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&actions)
    }

    deinit {
        var attributes = attributes
        var actions = actions
        posix_spawnattr_destroy(&attributes)
        posix_spawn_file_actions_destroy(&actions)
    }

    /// The process leads a new process group.
    mutating func makeGroup() {
        posix_spawnattr_setpgroup(&attributes, 0)
        flags |= Int32(POSIX_SPAWN_SETPGROUP)
    }

    /// All signals at their defaults, and blocked or not.
    mutating func resetSignals(blocked: SignalMask) {
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var mask = sigset_t()
        switch blocked {
        case .none: sigemptyset(&mask)
        case .all: sigfillset(&mask)
        }
        posix_spawnattr_setsigmask(&attributes, &mask)
        flags |= Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
    }

    /// `descriptor` is known to the process as `number`.
    mutating func give(_ descriptor: Int32, as number: Int32) {
        posix_spawn_file_actions_adddup2(&actions, descriptor, number)
    }

    mutating func open(_ path: String, as number: Int32, flags: Int32) {
        posix_spawn_file_actions_addopen(&actions, number, path, flags, 0)
    }

    mutating func changeDirectory(to path: String) {
        _ = mecha_spawn_in_directory(&actions, path)
    }

    mutating func withPointers<Value>(
        _ body: (UnsafePointer<posix_spawnattr_t>, UnsafeMutablePointer<posix_spawn_file_actions_t>) -> Value
    ) -> Value {
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
        return body(&attributes, &actions)
    }
}
