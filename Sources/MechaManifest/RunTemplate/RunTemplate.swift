/// A multi-app template (`dapr.yaml`, section 3.3 of the Dapr surface): which apps `mecha run -f` runs,
/// and how. As written; ``plan(templatePath:workingDirectory:home:runtimeFolder:exists:)`` applies
/// defaults and precedence.
public struct RunTemplate: Sendable, Equatable {
    public let name: String?
    /// What every app has that does not say otherwise.
    public let common: Settings
    public let apps: [App]

    /// One app with its own ports, command and settings.
    public struct App: Sendable, Equatable {
        /// Where the app lives and is started.
        public let directory: String
        public let appID: String?
        public let appPort: Int?
        public let appChannelAddress: String?
        public let httpPort: Int?
        public let grpcPort: Int?
        public let internalGRPCPort: Int?
        public let metricsPort: Int?
        public let profilePort: Int?
        public let unixDomainSocket: String?
        /// Program and arguments; empty when only the runtime is to run.
        public let command: [String]
        public let settings: Settings
        public let source: SourceLocation
    }
}

/// What reading a template gave.
public struct RunTemplateReport: Sendable, Equatable {
    /// Nil when there are errors.
    public let template: RunTemplate?
    public let errors: [ManifestProblem]
    public let warnings: [ManifestProblem]
}

extension RunTemplate {
    /// Reads one template; `fileName` is for messages.
    public static func parse(text: String, fileName: String, limits: ManifestLimits = ManifestLimits()) -> RunTemplateReport {
        let problems = ProblemCollector(file: fileName, limits: limits)
        let stream = YAMLStream(text, limits: limits)
        for problem in stream.problems { problems.error(problem.message, at: problem.mark) }
        let documents = stream.documents.filter { !$0.isNull }
        var template: RunTemplate?
        if documents.count == 1, documents[0].isMapping {
            let fields = FieldReader(documents[0], problems: problems)
            template = RunTemplate(fields)
            fields.finish()
        } else if stream.problems.isEmpty {
            let found = documents.count == 1 ? "is \(documents[0].kindName)" : "has \(documents.count) documents"
            problems.error("\(found); expected one mapping with version and apps", at: documents.last?.mark)
        }
        return RunTemplateReport(
            template: problems.errorCount == 0 ? template : nil, errors: problems.errors, warnings: problems.warnings)
    }

    /// Reads the template at a path: a file, or a folder that holds `dapr.yaml`.
    public static func load(path: String, limits: ManifestLimits = ManifestLimits()) -> RunTemplateReport {
        do throws(ManifestProblem) {
            let file = try ManifestFile.isFolder(path) ? FilePaths.join(path, "dapr.yaml") : path
            return parse(text: try ManifestFile.text(of: file, limits: limits), fileName: file, limits: limits)
        } catch {
            return RunTemplateReport(template: nil, errors: [error], warnings: [])
        }
    }

    private init(_ fields: FieldReader) {
        if fields.value("version") == nil {
            fields.error("version", "is missing", expected: "1")
        }
        _ = fields.integer("version", in: 1...1)
        name = fields.string("name").flatMap { $0.isEmpty ? nil : $0 }
        common = fields.section("common") { Settings($0) }
        apps = fields.list("apps") { App($0) }
        if apps.isEmpty, fields.value("apps")?.isMapping != true {
            fields.error("apps", fields.value("apps") == nil ? "is missing" : "is empty", expected: "a list of apps")
        }
        checkPorts(fields)
    }

    /// Two listeners cannot share a port. (Metrics may: all apps run in one process.)
    private func checkPorts(_ fields: FieldReader) {
        var owners: [Int: String] = [:]
        for (index, app) in apps.enumerated() {
            let ports = [
                ("appPort", app.appPort), ("daprHTTPPort", app.httpPort), ("daprGRPCPort", app.grpcPort),
                ("daprInternalGRPCPort", app.internalGRPCPort),
            ]
            for case (let field, let port?) in ports where port != 0 {
                // An app elsewhere may use what is taken here.
                if field == "appPort", app.appChannelAddress.map({ $0 != "127.0.0.1" && $0 != "localhost" }) == true { continue }
                let path = "apps[\(index)].\(field)"
                if let owner = owners[port] {
                    fields.problems.error(
                        "is \(port), which \(owner) has already; expected a port of its own", at: app.mark, field: path)
                } else {
                    owners[port] = path
                }
            }
        }
    }
}

extension RunTemplate.App {
    init(_ fields: FieldReader) {
        directory = fields.required("appDirPath", expected: "the app's folder")
        appID = fields.string("appID").flatMap { $0.isEmpty ? nil : $0 }
        if let appID, appID.contains(where: { $0 == "/" || $0 == "." || $0.isWhitespace }) || appID.contains("||") {
            fields.error("appID", "is \"\(appID.clipped)\"", expected: "an id without /, dot, || and white space")
        }
        appPort = fields.port("appPort")
        appChannelAddress = fields.string("appChannelAddress")
        httpPort = fields.port("daprHTTPPort")
        grpcPort = fields.port("daprGRPCPort")
        internalGRPCPort = fields.port("daprInternalGRPCPort")
        metricsPort = fields.port("metricsPort")
        profilePort = fields.port("profilePort")
        unixDomainSocket = fields.string("unixDomainSocket").flatMap { $0.isEmpty ? nil : $0 }
        command = fields.strings("command")
        settings = RunTemplate.Settings(fields)
        source = SourceLocation(file: fields.problems.file, line: fields.node.mark.line, column: fields.node.mark.column)
    }

    fileprivate var mark: YAMLMark? {
        source.line.map { YAMLMark(line: $0, column: source.column ?? 1) }
    }
}

extension FieldReader {
    /// 0 asks for a free port, as a missing one does.
    fileprivate func port(_ name: String) -> Int? {
        integer(name, in: -1...65_535).flatMap { $0 <= 0 ? nil : $0 }
    }
}
