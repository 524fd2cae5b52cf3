/// Why a command cannot do what was asked: one line, and what to do about it.
struct CommandError: Error, Equatable, CustomStringConvertible {
    var message: String
    var hint: String?
    var exitCode: Int32

    init(_ message: String, hint: String? = nil, exitCode: Int32 = 1) {
        self.message = message
        self.hint = hint
        self.exitCode = exitCode
    }

    var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
