extension RunTemplate {
    /// The apps of a template ready to run: precedence applied, every path absolute.
    public struct Plan: Sendable, Equatable {
        public let apps: [PlannedApp]
        /// Paths that are named but do not exist, ids that are used twice.
        public let errors: [ManifestProblem]
    }

    public struct PlannedApp: Sendable, Equatable {
        public let appID: String
        /// Absolute.
        public let directory: String
        /// Ports, addresses and command as written.
        public let declaration: App
        /// The app's own settings completed by the common ones.
        public let settings: Settings
        /// Absolute. Empty when none is named and no default folder exists.
        public let resourcesPaths: [String]
        /// Absolute. Nil when none is named and no default file exists.
        public let configFile: String?

        /// Where log files go that are written to files.
        public var logDirectory: String { FilePaths.join(directory, ".dapr/logs") }

        public var appLogDestination: Settings.LogDestination { settings.appLogDestination ?? .fileAndConsole }
        public var runtimeLogDestination: Settings.LogDestination { settings.runtimeLogDestination ?? .file }

        /// A log file's path; `writer` is `app` or `daprd`, `stamp` the start as `yyyymmddhhmmss`.
        public func logFile(of writer: String, stamp: String) -> String {
            FilePaths.join(logDirectory, "\(appID)_\(writer)_\(stamp).log")
        }
    }

    /// Applies the template's precedence rules (section 3.3 of the Dapr surface):
    ///
    /// - resources: the app's, else `<appDirPath>/.dapr/resources`, else the common ones, else
    ///   `<runtime folder>/components`; the configuration file likewise with `.dapr/config.yaml`;
    /// - relative paths start at the template's folder, those of an app at the app's folder;
    /// - of two environment variables with one name the app's counts.
    ///
    /// - Parameters:
    ///   - templatePath: The template's file; for standard input any name in the folder that relative
    ///     paths start from.
    ///   - workingDirectory: Absolute; where a relative `templatePath` starts.
    ///   - home: The user's home folder, for `~`.
    ///   - runtimeFolder: Usually `~/.dapr`.
    ///   - exists: Whether a file or folder exists.
    public func plan(
        templatePath: String, workingDirectory: String, home: String, runtimeFolder: String, exists: (String) -> Bool
    ) -> Plan {
        let base = FilePaths.folder(of: FilePaths.absolute(templatePath, base: workingDirectory, home: home))
        var errors: [ManifestProblem] = []
        var planned: [PlannedApp] = []

        /// The absolute path; one that does not exist is an error.
        func existing(_ path: String, from base: String, _ field: String, _ source: SourceLocation) -> String {
            let absolute = FilePaths.absolute(path, base: base, home: home)
            let problem = ManifestProblem("is \(absolute), which does not exist", at: source, field: field)
            if !exists(absolute), !errors.contains(problem) { errors.append(problem) }
            return absolute
        }

        let templateSource = SourceLocation(file: templatePath)
        let commonResources = common.resourcesPaths.enumerated().map {
            existing($0.element, from: base, "common.resourcesPaths[\($0.offset)]", templateSource)
        }
        let commonConfig = common.configFilePath.map { existing($0, from: base, "common.configFilePath", templateSource) }

        for (index, app) in apps.enumerated() {
            let field = "apps[\(index)]"
            let directory = existing(app.directory, from: base, "\(field).appDirPath", app.source)
            let runtimePath =
                app.settings.runtimePath.map { FilePaths.absolute($0, base: directory, home: home) }
                ?? common.runtimePath.map { FilePaths.absolute($0, base: base, home: home) }
            let runtime = runtimePath.map { FilePaths.join($0, ".dapr") } ?? runtimeFolder

            var resources = app.settings.resourcesPaths.enumerated().map {
                existing($0.element, from: directory, "\(field).resourcesPaths[\($0.offset)]", app.source)
            }
            if resources.isEmpty {
                let local = FilePaths.join(directory, ".dapr/resources")
                let fallback = FilePaths.join(runtime, "components")
                if exists(local) {
                    resources = [local]
                } else if !commonResources.isEmpty {
                    resources = commonResources
                } else if exists(fallback) {
                    resources = [fallback]
                }
            }

            var config = app.settings.configFilePath.map { existing($0, from: directory, "\(field).configFilePath", app.source) }
            let localConfig = FilePaths.join(directory, ".dapr/config.yaml")
            if config == nil { config = exists(localConfig) ? localConfig : commonConfig }
            let fallbackConfig = FilePaths.join(runtime, "config.yaml")
            if config == nil, exists(fallbackConfig) { config = fallbackConfig }

            let appID = app.appID ?? FilePaths.lastPart(of: directory)
            if let other = planned.first(where: { $0.appID == appID }) {
                errors.append(
                    ManifestProblem(
                        "is \"\(appID)\", as that of \(other.declaration.source); expected an id of its own", at: app.source,
                        field: "\(field).appID"))
            }
            planned.append(
                PlannedApp(
                    appID: appID, directory: directory, declaration: app, settings: app.settings.completed(by: common),
                    resourcesPaths: resources, configFile: config))
        }
        return Plan(apps: planned, errors: errors)
    }
}
