import Logging
import MechaCore
import MechaHost
import MechaTelemetry

/// Where the log lines of the process's apps go, and in whose name.
final class RuntimeLogs: Sendable {
    private let apps: [String: AppLogs]
    private let functions: (output: LogWriter?, format: LogFormat, level: Logger.Level)
    /// Each place is written by one writer, however many apps log to it.
    private let writers: [LogWriter]

    /// Throws ``RuntimeStartError`` for a level that is none and a file that cannot be written.
    init(_ options: RuntimeOptions) throws {
        let format = options.isLogJSON ? LogFormat.json : .text
        let processLevel = try Self.level(options.logLevel)
        var files: [String: LogWriter] = [:]
        var console: LogWriter?
        func file(_ path: String, _ identity: LogIdentity) throws -> LogWriter {
            if let open = files[path] { return open }
            do {
                let writer = try LogWriter.file(path: path, describeDrops: format.describeDrops(identity))
                files[path] = writer
                return writer
            } catch {
                throw RuntimeStartError("\(error)", hint: "check --log-file, or the template's appDirPath")
            }
        }
        func processOutput(_ identity: LogIdentity) throws -> LogWriter {
            if let path = options.logFile { return try file(path, identity) }
            let writer = console ?? LogWriter(descriptor: 1, describeDrops: format.describeDrops(identity))
            console = writer
            return writer
        }
        var apps: [String: AppLogs] = [:]
        let outputOfFunctions = options.apps.first?.isLogOnConsole ?? false
        functions = (
            output: try outputOfFunctions
                ? processOutput(LogIdentity(appID: options.apps.first?.appID ?? "", version: MechaVersion.current)) : nil,
            format: format, level: processLevel
        )
        for app in options.apps {
            let identity = LogIdentity(appID: app.appID, version: MechaVersion.current)
            var outputs: [AppLogs.Output] = []
            if app.isLogOnConsole { outputs.append(.init(try processOutput(identity), prefix: app.logPrefix ?? "")) }
            if let path = app.logFile { outputs.append(.init(try file(path, identity))) }
            apps[app.appID] = AppLogs(
                identity: identity, outputs: outputs, format: format, level: try app.logLevel.map(Self.level) ?? processLevel)
        }
        self.apps = apps
        writers = Array(files.values) + (console.map { [$0] } ?? [])
    }

    /// The logs of one of the apps that the process was started with; of no other app is anything logged.
    func of(_ app: AppOptions) -> AppLogs {
        apps[app.appID] ?? AppLogs(identity: LogIdentity(appID: app.appID, version: MechaVersion.current), outputs: [])
    }

    /// The logger of a function, whose lines go where the process logs.
    func ofFunction(_ name: String) -> AppLogs {
        AppLogs(
            identity: LogIdentity(appID: name, version: MechaVersion.current), outputs: functions.output.map { [.init($0)] } ?? [],
            format: functions.format, level: functions.level)
    }

    /// Shows how many lines were dropped, over all places.
    func observe(in registry: MetricRegistry) { LogWriter.observe(writers, in: registry) }

    func flush() {
        for writer in writers { writer.flush() }
    }

    private static func level(_ name: String) throws -> Logger.Level {
        guard let level = Logger.Level(daprName: name) else {
            throw RuntimeStartError("unknown log level \"\(name)\"", hint: "expected debug, info, warn, error or fatal")
        }
        return level
    }
}
