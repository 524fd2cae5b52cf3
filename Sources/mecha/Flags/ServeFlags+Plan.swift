import MechaCore
import MechaHost
import MechaRuntime

extension ServeFlags {
    /// The app id of a runtime that was given none.
    static let standardAppID = "mecha"

    func plan(in context: CommandContext) throws(CommandError) -> RunPlan {
        // A runtime for functions alone needs no name of its own; daprd never goes without.
        let given = app.appID.flatMap { $0.isEmpty ? nil : $0 }
        guard let appID = given ?? (context.persona == .mecha ? Self.standardAppID : nil) else {
            throw CommandError("An app id is missing", hint: "give --app-id")
        }
        if let mode, !mode.isEmpty, mode != "standalone" {
            throw CommandError("The mode '\(mode)' is not supported", hint: "use --mode standalone")
        }
        if isMTLSEnabled {
            // Taking this flag without a word would leave links open that their owner believes closed.
            throw CommandError("mTLS between runtimes is not supported yet", hint: "leave out --enable-mtls")
        }
        var options = AppOptions(appID: appID)
        options.apply(environment: context.environment)
        app.apply(to: &options)
        try applyListeners(to: &options)
        if let gracefulShutdownSeconds, gracefulShutdownSeconds >= 0 { options.gracefulShutdown = .seconds(gracefulShutdownSeconds) }
        options.blockShutdown = blockShutdown?.duration
        try options.checkPaths()
        options.applyDefaultPaths(context.folders)
        var process = runtime.options(in: context)
        process.metricsPort = isMetricsEnabled ? runtime.metricsPort.map { max(0, $0.value) } ?? 9090 : nil
        if let metricsListenAddress, !metricsListenAddress.isEmpty { process.metricsListenAddress = metricsListenAddress }
        if isLogJSON { process.isLogJSON = true }
        if let logFile, !logFile.isEmpty { process.logFile = logFile }
        return RunPlan(style: .serve, runtime: process, apps: [RunPlan.App(options: options)])
    }

    private func applyListeners(to options: inout AppOptions) throws(CommandError) {
        options.publicPort = daprPublicPort?.number
        if let daprPublicListenAddress, !daprPublicListenAddress.isEmpty { options.publicListenAddress = daprPublicListenAddress }
        if let internalListenAddress, !internalListenAddress.isEmpty { options.internalListenAddress = internalListenAddress }
        if let allowedOrigins { options.allowedOrigins = allowedOrigins }
        for name in (disableInitEndpoints ?? "").split(separator: ",").map({ String($0.trimmingBlanks()) }) {
            guard ["config", "subscribe"].contains(name) else {
                throw CommandError("'\(name)' is no init endpoint", hint: "--disable-init-endpoints takes config and subscribe")
            }
            options.disabledInitEndpoints.insert(name)
        }
    }
}
