/// How a process ended.
enum ProcessExit: Sendable, Equatable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    /// From the status word of `waitpid(2)`.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .code(waitStatus >> 8 & 0xff) : .signal(signal)
    }

    var isSuccess: Bool { self == .code(0) }

    /// In the words that Dapr's command line uses, which are those of Go's `os/exec`.
    var description: String {
        switch self {
        case .code(let code): "exit status \(code)"
        case .signal(let number): "signal: \(Self.names[number] ?? "\(number)")"
        }
    }

    private static let names: [Int32: String] = [
        1: "hangup", 2: "interrupt", 3: "quit", 4: "illegal instruction", 6: "aborted", 7: "bus error",
        8: "floating point exception", 9: "killed", 11: "segmentation fault", 13: "broken pipe", 15: "terminated",
    ]
}
