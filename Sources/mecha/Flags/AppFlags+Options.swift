import MechaCore
import MechaHost
import MechaInvocation

extension AppFlags {
    /// Writes what was given over `options`, which hold the command's own defaults.
    func apply(to options: inout AppOptions) {
        if let appID, !appID.isEmpty { options.appID = appID }
        options.appPort = appPort?.number ?? options.appPort
        if let appProtocol { options.appProtocol = appProtocol.value }
        if isAppTLS { options.appProtocol = options.appProtocol.overTLS }
        if let appChannelAddress, !appChannelAddress.isEmpty { options.appChannelAddress = appChannelAddress }
        if let appMaxConcurrency { options.appMaxConcurrency = appMaxConcurrency > 0 ? appMaxConcurrency : nil }
        applyListeners(to: &options)
        applyHealth(to: &options.health)
        options.configPaths = Self.paths(config)
        options.resourcesPaths = Self.paths(resourcesPath + componentsPath)
        if isAPILogged { options.isAPILoggingEnabled = true }
    }

    private func applyListeners(to options: inout AppOptions) {
        options.httpPort = daprHTTPPort?.listening ?? options.httpPort
        options.grpcPort = daprGRPCPort?.listening ?? options.grpcPort
        options.internalPort = daprInternalGRPCPort?.number ?? options.internalPort
        if let daprListenAddresses {
            let addresses = Self.paths([daprListenAddresses])
            if !addresses.isEmpty { options.listenAddresses = addresses }
        }
        if let unixDomainSocket, !unixDomainSocket.isEmpty { options.unixDomainSocketDirectory = unixDomainSocket }
        if let maximumBodyMegabytes, maximumBodyMegabytes > 0 { options.maximumBodyBytes = maximumBodyMegabytes << 20 }
        if let maximumHeaderKilobytes, maximumHeaderKilobytes > 0 { options.maximumHeaderBytes = maximumHeaderKilobytes << 10 }
        if let bytes = maxBodySize?.bytes { options.maximumBodyBytes = bytes }
        if let bytes = readBufferSize?.bytes { options.maximumHeaderBytes = bytes }
    }

    private func applyHealth(to health: inout AppProbeOptions) {
        if isAppHealthChecked { health.isEnabled = true }
        if let appHealthCheckPath, !appHealthCheckPath.isEmpty { health.path = appHealthCheckPath }
        if let appHealthProbeInterval, appHealthProbeInterval > 0 { health.interval = .seconds(appHealthProbeInterval) }
        if let appHealthProbeTimeout, appHealthProbeTimeout > 0 { health.timeout = .milliseconds(appHealthProbeTimeout) }
        if let appHealthThreshold, appHealthThreshold > 0 { health.threshold = appHealthThreshold }
    }

    /// A list flag may be given again, and each time with several values between commas.
    private static func paths(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",") }.map { String($0.trimmingBlanks()) }.filter { !$0.isEmpty }
    }
}

extension AppProtocol {
    /// The same protocol over TLS (`--app-ssl`).
    var overTLS: Self {
        switch self {
        case .http, .h2c: .https
        case .grpc: .grpcs
        case .https, .grpcs: self
        }
    }
}
