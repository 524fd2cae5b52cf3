import MechaCore
import MechaHost
import MechaRuntime

/// What `list`, `stop`, `invoke` and `publish` know of a running runtime process.
struct RunRecord: Sendable, Equatable {
    struct App: Sendable, Equatable {
        var appID: String
        var httpPort: Int?
        var grpcPort: Int?
        var appPort: Int?
        var metricsPort: Int?
        var unixDomainSocketDirectory: String?
        var command: String
        var appPID: Int32?
        var maximumBodyBytes: Int
        var maximumHeaderBytes: Int
        var appLogPath: String?
        var daprLogPath: String?
    }

    var process: ProcessIdentity
    /// Whether this is a runtime alone (`serve`), without the apps' processes.
    var isServe: Bool
    var created: Timestamp
    var runTemplatePath: String?
    var runTemplateName: String?
    /// Path of the socket at which the process's functions are changed.
    var adminSocket: String?
    var apps: [App]
}

extension RunRecord {
    /// Of this process.
    static func own(apps: [App], isServe: Bool, template: RunPlan.Template?, adminSocket: String?) -> RunRecord {
        RunRecord(
            process: .own, isServe: isServe, created: SystemClock().now(),
            runTemplatePath: template?.path, runTemplateName: template?.name, adminSocket: adminSocket, apps: apps)
    }
}

extension RunRecord.App {
    init(_ app: RunPlan.App, ports: Runtime.AppPorts, pid: Int32?) {
        appID = app.options.appID
        httpPort = ports.httpPort
        grpcPort = ports.grpcPort
        appPort = app.options.appPort
        metricsPort = ports.metricsPort
        unixDomainSocketDirectory = app.options.unixDomainSocketDirectory
        command = app.command.joined(separator: " ")
        appPID = pid
        maximumBodyBytes = app.options.maximumBodyBytes
        maximumHeaderBytes = app.options.maximumHeaderBytes
        appLogPath = app.appLog.file
        daprLogPath = app.daprLog.file
    }
}
