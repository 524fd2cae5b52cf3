import Logging
import MechaCore
import MechaHost
import MechaTelemetry

/// Where the process's log lines go, and in whose name.
final class RuntimeLogs: Sendable {
    private let writer: LogWriter
    private let format: LogFormat
    private let level: Logger.Level

    /// Throws ``RuntimeStartError`` for a level that is none and a file that cannot be written.
    init(_ options: RuntimeOptions) throws {
        guard let level = Logger.Level(daprName: options.logLevel) else {
            throw RuntimeStartError(
                "unknown log level \"\(options.logLevel)\"", hint: "expected debug, info, warn, error or fatal")
        }
        self.level = level
        format = options.isLogJSON ? .json : .text
        if let path = options.logFile {
            do {
                writer = try LogWriter.file(path: path)
            } catch {
                throw RuntimeStartError("\(error)")
            }
        } else {
            writer = LogWriter(descriptor: 1)
        }
    }

    /// The logs of one app.
    func of(_ app: AppOptions) -> AppLogs {
        AppLogs(
            identity: LogIdentity(appID: app.appID, version: MechaVersion.current), writer: writer, format: format,
            level: level, prefix: app.logPrefix ?? "")
    }

    func flush() { _ = writer.flush() }
}
