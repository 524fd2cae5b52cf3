/// What a guard tells the one who started it: one line of text each.
enum GuardReport: Equatable, Sendable {
    case started(pid: Int32)
    /// The command could not be executed; the value is an `errno`.
    case notStarted(Int32)
    case exited(ProcessExit)

    var line: String {
        switch self {
        case .started(let pid): "started \(pid)\n"
        case .notStarted(let code): "failed \(code)\n"
        case .exited(.code(let code)): "exited \(code)\n"
        case .exited(.signal(let number)): "killed \(number)\n"
        }
    }

    init?(line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard words.count == 2, let value = Int32(words[1]) else { return nil }
        switch words[0] {
        case "started": self = .started(pid: value)
        case "failed": self = .notStarted(value)
        case "exited": self = .exited(.code(value))
        case "killed": self = .exited(.signal(value))
        default: return nil
        }
    }
}
