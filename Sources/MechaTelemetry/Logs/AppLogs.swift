import Logging
import MechaCore
import NIOCore

/// Makes the loggers of one app. Nothing here is process-global: apps of one process differ in id, level,
/// prefix and, if they like, in output.
public final class AppLogs: Sendable {
    /// A place that lines go to.
    public struct Output: Sendable {
        public var writer: LogWriter
        /// Put before each line, for example `== orders == `.
        public var prefix: String

        public init(_ writer: LogWriter, prefix: String = "") {
            self.writer = writer
            self.prefix = prefix
        }
    }

    private let outputs: [Output]
    private let format: LogFormat
    private let level: Logger.Level
    private let identity: [LogField]
    private let clock: any MechaClock

    /// - Parameters:
    ///   - outputs: every line goes to all of them; a writer may be shared by the apps that log to one place.
    ///   - level: lines below it are not written.
    public init(
        identity: LogIdentity, outputs: [Output], format: LogFormat = .text, level: Logger.Level = .info,
        clock: any MechaClock = SystemClock()
    ) {
        self.outputs = outputs
        self.format = format
        self.level = level
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
        let own = identity + [LogField("scope", scope), LogField("type", "log")]
        format.write(
            time: clock.now(), level: level, message: message, fields: own + fields.prefix(LogLimits.maximumFields),
            into: &line)
        for output in outputs {
            guard !output.prefix.isEmpty else {
                output.writer.write(line)
                continue
            }
            var prefixed = ByteBuffer(string: output.prefix)
            prefixed.writeImmutableBuffer(line)
            output.writer.write(prefixed)
        }
    }

    /// Waits a moment for lines to be written, because the process is about to end.
    func flush() {
        for output in outputs { output.writer.flush() }
    }
}
