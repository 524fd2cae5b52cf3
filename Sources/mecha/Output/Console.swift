import MechaCore

/// Where a command speaks. Data goes to standard output. Status lines go where Dapr's own tests look
/// for them: news to standard output, failures to standard error.
struct Console: Sendable {
    /// Status lines as JSON objects (`--log-as-json`).
    var isJSON = false
    var output: LineWriter = .standardOutput
    var errors: LineWriter = .standardError

    /// What was asked for, as it is; a missing end of line is added.
    func data(_ text: String) { output.write(line: text) }

    func info(_ message: String) { output.write(line: line(.info, message)) }
    func success(_ message: String) { output.write(line: line(.success, message)) }
    func warning(_ message: String) { output.write(line: line(.warning, message)) }
    func failure(_ message: String) { errors.write(line: line(.failure, message)) }

    /// Talk that no test and no script looks for.
    func note(_ message: String) { errors.write(line: line(.info, message)) }

    enum Kind: String {
        case info, success, warning, failure

        fileprivate var mark: String {
            switch self {
            case .info: "ℹ️ "
            case .success: "✅ "
            case .warning: "⚠ "
            case .failure: "❌ "
            }
        }

        fileprivate var level: String {
            switch self {
            case .info, .success: "info"
            case .warning: "warning"
            case .failure: "error"
            }
        }
    }

    /// A status line as it is shown.
    func line(_ kind: Kind, _ message: String) -> String {
        guard isJSON else { return "\(kind.mark) \(message)" }
        return JSON.object([
            .init("time", .string(SystemClock().now().rfc3339)), .init("level", .string(kind.level)),
            .init("type", "log"), .init("status", .string(kind.rawValue)), .init("msg", .string(message)),
        ]).text
    }
}
