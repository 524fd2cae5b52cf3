import MechaCore
import MechaHost
import MechaInvocation
import MechaManifest

extension RunPlan.App {
    /// An app of a run template. `stamp` goes into the names of its log files, `environment` is that of
    /// this process.
    init(_ planned: RunTemplate.PlannedApp, stamp: String, environment: [String: String]) {
        let settings = planned.settings
        var options = AppOptions(appID: planned.appID)
        options.apply(environment: environment.merging(settings.environment) { $1 })
        options.apply(planned.declaration, directory: planned.directory)
        options.apply(settings)
        options.resourcesPaths = planned.resourcesPaths
        options.configPaths = planned.configFile.map { [$0] } ?? []
        options.workingDirectory = planned.directory
        let daprLog = LogDestination(planned.runtimeLogDestination, file: planned.logFile(of: "daprd", stamp: stamp))
        options.isLogOnConsole = daprLog.isOnConsole
        options.logFile = daprLog.file
        if daprLog.isOnConsole { options.logPrefix = "== DAPR - \(planned.appID) == " }
        let command = planned.declaration.command
        self.init(
            options: options, command: command, environment: settings.environment, directory: planned.directory,
            appLog: command.isEmpty
                ? .nowhere : LogDestination(planned.appLogDestination, file: planned.logFile(of: "app", stamp: stamp)),
            daprLog: daprLog, logDirectory: planned.logDirectory)
    }
}

extension LogDestination {
    init(_ destination: RunTemplate.Settings.LogDestination, file: String) {
        switch destination {
        case .console: self.init(isOnConsole: true)
        case .file: self.init(isOnConsole: false, file: file)
        case .fileAndConsole: self.init(isOnConsole: true, file: file)
        }
    }
}

extension AppOptions {
    /// What a template says of this app alone. Ports that it does not name are free ones.
    fileprivate mutating func apply(_ app: RunTemplate.App, directory: String) {
        appPort = app.appPort
        if let address = app.appChannelAddress, !address.isEmpty { appChannelAddress = address }
        httpPort = app.httpPort ?? 0
        grpcPort = app.grpcPort ?? 0
        internalPort = app.internalGRPCPort ?? 0
        if let socket = app.unixDomainSocket {
            unixDomainSocketDirectory = socket.hasPrefix("/") ? socket : "\(directory)/\(socket)"
        }
    }

    fileprivate mutating func apply(_ settings: RunTemplate.Settings) {
        if let named = settings.appProtocol, let known = AppProtocol(rawValue: named.rawValue) { appProtocol = known }
        if settings.isAppSSL == true { appProtocol = appProtocol.overTLS }
        if let addresses = settings.apiListenAddresses?.split(separator: ",").map({ String($0.trimmingBlanks()) }), !addresses.isEmpty {
            listenAddresses = addresses
        }
        if let limit = settings.appMaxConcurrency { appMaxConcurrency = limit > 0 ? limit : nil }
        maximumBodyBytes = settings.maximumBodyBytes ?? maximumBodyBytes
        maximumHeaderBytes = settings.readBufferBytes ?? maximumHeaderBytes
        logLevel = settings.logLevel
        isAPILoggingEnabled = settings.isAPILoggingEnabled ?? isAPILoggingEnabled
        health.isEnabled = settings.isAppHealthCheckEnabled ?? health.isEnabled
        if let path = settings.appHealthCheckPath, !path.isEmpty { health.path = path }
        if let interval = settings.appHealthProbeInterval, interval > .zero { health.interval = interval }
        if let timeout = settings.appHealthProbeTimeout, timeout > .zero { health.timeout = timeout }
        if let threshold = settings.appHealthThreshold, threshold > 0 { health.threshold = threshold }
    }
}
