import MechaCore

extension RunTemplate {
    /// What `common` and each app may set; nil and empty where nothing is written.
    public struct Settings: Sendable, Equatable {
        public enum AppProtocol: String, Sendable, CaseIterable {
            case http, grpc, https, grpcs, h2c
        }

        public enum LogDestination: String, Sendable, CaseIterable {
            case console, file, fileAndConsole
        }

        public enum ImagePullPolicy: String, Sendable, CaseIterable {
            case always = "Always"
            case never = "Never"
            case ifNotPresent = "IfNotPresent"
        }

        public internal(set) var configFilePath: String?
        /// `resourcesPaths`, then the older `resourcesPath`.
        public internal(set) var resourcesPaths: [String] = []
        public internal(set) var appProtocol: AppProtocol?
        /// Comma list of addresses.
        public internal(set) var apiListenAddresses: String?
        public internal(set) var isProfilingEnabled: Bool?
        public internal(set) var logLevel: String?
        /// Less than 1 means no limit.
        public internal(set) var appMaxConcurrency: Int?
        /// Empty switches placement off.
        public internal(set) var placementHostAddress: String?
        /// Empty switches the scheduler off.
        public internal(set) var schedulerHostAddress: String?
        /// The older way to say that the app speaks TLS.
        public internal(set) var isAppSSL: Bool?
        public internal(set) var maximumBodyBytes: Int?
        public internal(set) var readBufferBytes: Int?
        public internal(set) var isAppHealthCheckEnabled: Bool?
        public internal(set) var appHealthCheckPath: String?
        public internal(set) var appHealthProbeInterval: Duration?
        public internal(set) var appHealthProbeTimeout: Duration?
        public internal(set) var appHealthThreshold: Int?
        public internal(set) var isAPILoggingEnabled: Bool?
        /// The folder that holds `.dapr`, in place of the home folder.
        public internal(set) var runtimePath: String?
        public internal(set) var environment: [String: String] = [:]
        public internal(set) var runtimeLogDestination: LogDestination?
        public internal(set) var appLogDestination: LogDestination?
        public internal(set) var containerImage: String?
        public internal(set) var containerImagePullPolicy: ImagePullPolicy?
        public internal(set) var createsService: Bool?
    }
}

extension RunTemplate.Settings {
    init(_ fields: FieldReader) {
        configFilePath = fields.path("configFilePath")
        resourcesPaths = fields.strings("resourcesPaths").filter { !$0.isEmpty }
        if let older = fields.path("resourcesPath") { resourcesPaths.append(older) }
        appProtocol = fields.choice("appProtocol", of: AppProtocol.self)
        apiListenAddresses = fields.string("apiListenAddresses")
        isProfilingEnabled = fields.bool("enableProfiling")
        logLevel = fields.string("logLevel")
        if let logLevel, !["debug", "info", "warn", "warning", "error", "fatal", "panic"].contains(logLevel.lowercased()) {
            fields.error("logLevel", "is \"\(logLevel.clipped)\"", expected: "one of debug, info, warn, error, fatal")
        }
        appMaxConcurrency = fields.integer("appMaxConcurrency", in: -1...Int.max)
        placementHostAddress = fields.string("placementHostAddress")
        schedulerHostAddress = fields.string("schedulerHostAddress")
        isAppSSL = fields.bool("appSSL")
        maximumBodyBytes = fields.bytes("maxBodySize")
        readBufferBytes = fields.bytes("readBufferSize")
        isAppHealthCheckEnabled = fields.bool("enableAppHealthCheck")
        appHealthCheckPath = fields.string("appHealthCheckPath")
        appHealthProbeInterval = fields.integer("appHealthProbeInterval", in: 0...Int(Int32.max)).map { .seconds($0) }
        appHealthProbeTimeout = fields.integer("appHealthProbeTimeout", in: 0...Int(Int32.max)).map { .milliseconds($0) }
        appHealthThreshold = fields.integer("appHealthThreshold", in: 0...Int(Int32.max))
        isAPILoggingEnabled = fields.bool("enableApiLogging")
        runtimePath = fields.path("runtimePath")
        environment = fields.stringMap("env")
        runtimeLogDestination = fields.choice("daprdLogDestination", of: LogDestination.self)
        appLogDestination = fields.choice("appLogDestination", of: LogDestination.self)
        containerImage = fields.string("containerImage")
        containerImagePullPolicy = fields.choice("containerImagePullPolicy", of: ImagePullPolicy.self)
        createsService = fields.bool("createService")
    }

    /// These settings, and where they say nothing, those of `common`. Resources, configuration and
    /// runtime path are left out: their precedence depends on what exists (``RunTemplate/plan(templatePath:workingDirectory:home:runtimeFolder:exists:)``).
    func completed(by common: Self) -> Self {
        var result = self
        result.appProtocol = appProtocol ?? common.appProtocol
        result.apiListenAddresses = apiListenAddresses ?? common.apiListenAddresses
        result.isProfilingEnabled = isProfilingEnabled ?? common.isProfilingEnabled
        result.logLevel = logLevel ?? common.logLevel
        result.appMaxConcurrency = appMaxConcurrency ?? common.appMaxConcurrency
        result.placementHostAddress = placementHostAddress ?? common.placementHostAddress
        result.schedulerHostAddress = schedulerHostAddress ?? common.schedulerHostAddress
        result.isAppSSL = isAppSSL ?? common.isAppSSL
        result.maximumBodyBytes = maximumBodyBytes ?? common.maximumBodyBytes
        result.readBufferBytes = readBufferBytes ?? common.readBufferBytes
        result.isAppHealthCheckEnabled = isAppHealthCheckEnabled ?? common.isAppHealthCheckEnabled
        result.appHealthCheckPath = appHealthCheckPath ?? common.appHealthCheckPath
        result.appHealthProbeInterval = appHealthProbeInterval ?? common.appHealthProbeInterval
        result.appHealthProbeTimeout = appHealthProbeTimeout ?? common.appHealthProbeTimeout
        result.appHealthThreshold = appHealthThreshold ?? common.appHealthThreshold
        result.isAPILoggingEnabled = isAPILoggingEnabled ?? common.isAPILoggingEnabled
        result.environment = common.environment.merging(environment) { _, own in own }
        result.runtimeLogDestination = runtimeLogDestination ?? common.runtimeLogDestination
        result.appLogDestination = appLogDestination ?? common.appLogDestination
        result.containerImage = containerImage ?? common.containerImage
        result.containerImagePullPolicy = containerImagePullPolicy ?? common.containerImagePullPolicy
        result.createsService = createsService ?? common.createsService
        return result
    }
}

extension FieldReader {
    fileprivate func path(_ name: String) -> String? {
        string(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    fileprivate func bytes(_ name: String) -> Int? {
        guard let text = string(name), !text.isEmpty else { return nil }
        guard let bytes = ByteSize.parse(text) else {
            error(name, "is \"\(text.clipped)\"", expected: "a size such as 512, 64Ki or 4Mi")
            return nil
        }
        return bytes
    }
}
