import Logging
import MechaCore

/// Writes to the process's log, and keeps the last lines for `mecha fn logs`.
public struct FunctionLogHandler: LogHandler {
    private var next: Logger
    private let log: FunctionLog
    private let clock: any MechaClock

    public init(_ next: Logger, log: FunctionLog, clock: any MechaClock) {
        self.next = next
        self.log = log
        self.clock = clock
    }

    public var logLevel: Logger.Level {
        get { next.logLevel }
        set { next.logLevel = newValue }
    }

    public var metadata: Logger.Metadata {
        get { next.handler.metadata }
        set { next.handler.metadata = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { next[metadataKey: key] }
        set { next[metadataKey: key] = newValue }
    }

    public func log(event: LogEvent) {
        log.append("\(event.message)", level: event.level.rawValue, at: clock.now())
        next.handler.log(event: event)
    }
}
