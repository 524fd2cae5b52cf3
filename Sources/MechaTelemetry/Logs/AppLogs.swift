import Logging
import MechaCore
import NIOCore

/// Makes the loggers of one app. Nothing here is process-global: apps of one process differ in id, level,
/// prefix and, if they like, in output.
public final class AppLogs: Sendable {
    private let writer: LogWriter
    private let format: LogFormat
    private let level: Logger.Level
    private let prefix: String
    private let identity: [LogField]
    private let clock: any MechaClock

    /// - Parameters:
    ///   - writer: shared by all apps that log to one place.
    ///   - level: lines below it are not written.
    ///   - prefix: put before each line, for example `== orders == `.
    public init(
        identity: LogIdentity, writer: LogWriter, format: LogFormat = .text, level: Logger.Level = .info,
        prefix: String = "", clock: any MechaClock = SystemClock()
    ) {
        self.writer = writer
        self.format = format
        self.level = level
        self.prefix = prefix
        self.clock = clock
        self.identity = identity.fields
    }

    /// A logger for a part of the runtime.
    ///
    /// - Parameter scope: for example `dapr.runtime` or `dapr.runtime.http`.
    public func logger(scope: String) -> Logger {
        Logger(label: scope) { _ in DaprLogHandler(logs: self, scope: scope, level: level) }
    }

    /// The records of API calls.
    public func apiLog(_ options: APILogOptions) -> APILog { APILog(logs: self, options: options) }

    /// Queues one line.
    func emit(_ level: Logger.Level, _ message: String, scope: String, fields: [LogField] = []) {
        var line = ByteBuffer()
        if !prefix.isEmpty { line.writeString(prefix) }
        let own = identity + [LogField("scope", scope), LogField("type", "log")]
        format.write(
            time: clock.now(), level: level, message: message, fields: own + fields.prefix(LogLimits.maximumFields),
            into: &line)
        writer.write(line)
    }

    /// Waits a moment for lines to be written, because the process is about to end.
    func flush() { writer.flush() }
}
