/// Reads resources from files and folders.
///
///     let report = ManifestLoader(environment: environment).load(paths: ["components", "config.yaml"])
///
/// Pure but for reading the named files; parsing alone is ``parse(text:fileName:)``.
public struct ManifestLoader: Sendable {
    public var limits: ManifestLimits
    /// What `$NAME` and `${NAME}` in Configuration resources stand for.
    public var environment: [String: String]

    public init(limits: ManifestLimits = ManifestLimits(), environment: [String: String] = [:]) {
        self.limits = limits
        self.environment = environment
    }

    /// Reads files, and of folders the `.yaml`, `.yml` and `.json` files in the order of their names,
    /// without those in sub-folders and those whose name begins with a dot. A path that cannot be read is
    /// an error of the report. Blocks on the file system.
    public func load(paths: [String]) -> ManifestReport {
        var report = ManifestReport()
        var seen: Set<String> = []
        for path in paths {
            do throws(ManifestProblem) {
                for file in try ManifestFile.files(at: path, limits: limits) where seen.insert(file).inserted {
                    do throws(ManifestProblem) {
                        report.append(read(text: try ManifestFile.text(of: file, limits: limits), fileName: file))
                    } catch {
                        report.errors.append(error)
                    }
                }
            } catch {
                report.errors.append(error)
            }
        }
        report.checkAcrossResources()
        return report
    }

    /// Reads one text of one or more documents; `fileName` is for messages.
    public func parse(text: String, fileName: String) -> ManifestReport {
        var report = read(text: text, fileName: fileName)
        report.checkAcrossResources()
        return report
    }

    private func read(text: String, fileName: String) -> ManifestReport {
        let problems = ProblemCollector(file: fileName, limits: limits)
        let stream = YAMLStream(text, limits: limits)
        for problem in stream.problems { problems.error(problem.message, at: problem.mark) }
        var report = ManifestReport()
        for document in stream.documents where !document.isNull {
            decode(document, problems, into: &report.resources)
        }
        report.errors = problems.errors
        report.warnings = problems.warnings
        return report
    }

    private func decode(_ document: YAMLNode, _ problems: ProblemCollector, into resources: inout ResourceSet) {
        problems.resource = nil
        guard document.isMapping else {
            problems.error("is \(document.kindName); expected a mapping with apiVersion, kind, metadata and spec", at: document.mark)
            return
        }
        let fields = FieldReader(document, problems: problems)
        let apiVersion = fields.string("apiVersion") ?? ""
        guard let kind = fields.string("kind"), !kind.isEmpty else {
            if apiVersion.isEmpty, fields.value("spec") == nil {
                // Such as a file of secrets that lies in the same folder.
                problems.warn("is no resource (it has neither apiVersion nor kind) and ignored", at: document.mark)
            } else {
                fields.error("kind", "is missing", expected: Self.kinds.joined(separator: ", "))
            }
            return
        }
        problems.resource = document.resourceLabel
        switch kind {
        case ComponentSpec.kind: resources.components += [Resource(fields, apiVersion: apiVersion)].compactMap { $0 }
        case SubscriptionSpec.kind: resources.subscriptions += [Resource(fields, apiVersion: apiVersion)].compactMap { $0 }
        case ResiliencySpec.kind: resources.resiliencies += [Resource(fields, apiVersion: apiVersion)].compactMap { $0 }
        case HTTPEndpointSpec.kind: resources.httpEndpoints += [Resource(fields, apiVersion: apiVersion)].compactMap { $0 }
        case FunctionSpec.kind: resources.functions += [Resource(fields, apiVersion: apiVersion)].compactMap { $0 }
        case ConfigurationSpec.kind:
            let expanded = EnvironmentExpansion.expand(document, environment: environment, problems: problems)
            let fields = FieldReader(expanded, problems: problems)
            fields.ignore(["apiVersion", "kind"])
            resources.configurations += [Resource(fields, apiVersion: apiVersion)].compactMap { $0 }
        case _ where Self.planned.contains(kind):
            problems.warn("is ignored: this kind is not supported yet", at: document.mark)
        default:
            fields.warn("kind", "is \"\(kind.clipped)\", which is unknown; the resource is ignored\(fields.hint(kind, among: Self.kinds))")
        }
    }

    static let kinds = supported.map(\.kind)

    /// The kinds that are decoded, each with its versions.
    package static let supported: [(kind: String, apiVersions: [String])] = [
        (ComponentSpec.kind, ComponentSpec.apiVersions), (ConfigurationSpec.kind, ConfigurationSpec.apiVersions),
        (SubscriptionSpec.kind, SubscriptionSpec.apiVersions), (ResiliencySpec.kind, ResiliencySpec.apiVersions),
        (HTTPEndpointSpec.kind, HTTPEndpointSpec.apiVersions), (FunctionSpec.kind, FunctionSpec.apiVersions),
    ]

    /// Kinds of the reference that are passed over with a warning.
    package static let planned = ["MCPServer", "WorkflowAccessPolicy"]
}

extension YAMLNode {
    /// Kind and name of a document, as far as they are written, for messages about it.
    fileprivate var resourceLabel: String? {
        func member(_ name: String, of node: YAMLNode) -> YAMLNode? {
            guard case .mapping(let members) = node.content else { return nil }
            return members.first { $0.name.lowercased() == name }?.value
        }
        guard let kind = member("kind", of: self)?.text else { return nil }
        guard let name = member("metadata", of: self).flatMap({ member("name", of: $0) })?.text, !name.isEmpty else {
            return kind.clipped
        }
        return "\(kind.clipped)/\(name.clipped)"
    }
}
