import MechaCore
import MechaManifest

/// What is to become a revision, and where its traffic comes from: the value that a file, the command line and the
/// admin API have in common.
public struct FunctionDeployment: Sendable, Hashable {
    /// Nil finds out by the module's exports.
    public var abi: FunctionABI?
    public var configuration = ""
    public var environment: [String: String] = [:]
    public var grants = FunctionGrants()
    public var limits = FunctionLimits()
    public var scaling = FunctionScaling()
    /// Nil leaves those that the function has.
    public var triggers: [FunctionTrigger]?
    /// Where the module came from, for people.
    public var source = ""
    /// The alias that the new revision gets calls through; nil for none.
    public var alias: String? = FunctionState.defaultAlias
    /// The part of the alias's calls that it gets.
    public var percent = 100

    public init() {}

    public var json: JSON {
        .object(
            [
                abi.map { JSON.Member("abi", .string($0.rawValue)) }, .init("configuration", .string(configuration)),
                .init("env", .strings(environment)), .init("grants", grants.json), .init("limits", limits.json),
                .init("scaling", scaling.json), triggers.map { .init("triggers", .array($0.map(\.json))) },
                .init("source", .string(source)), .init("alias", alias.map { .string($0) } ?? .null), .init("percent", .integer(percent)),
            ].compactMap { $0 })
    }

    /// Throws for what cannot be understood, naming it.
    public init(_ json: JSON) throws(FunctionBaseError) {
        if let name = json["abi"]?.stringValue {
            guard let abi = FunctionABI(rawValue: name) else {
                throw FunctionBaseError(
                    .invalid, "abi is \"\(name)\"; expected one of \(FunctionABI.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            self.abi = abi
        }
        configuration = json["configuration"]?.stringValue ?? ""
        environment = json["env"]?.stringMap ?? [:]
        grants = FunctionGrants(json["grants"] ?? .null)
        limits = FunctionLimits(json["limits"] ?? .null)
        scaling = FunctionScaling(json["scaling"] ?? .null)
        if let triggers = json["triggers"]?.arrayValue {
            guard triggers.count <= FunctionTrigger.triggersAtMost else {
                throw FunctionBaseError(.invalid, "there are more than \(FunctionTrigger.triggersAtMost) triggers")
            }
            self.triggers = try triggers.enumerated().map { index, trigger throws(FunctionBaseError) in
                guard let trigger = FunctionTrigger(trigger) else {
                    throw FunctionBaseError(
                        .invalid, "triggers[\(index)] cannot be understood; expected http, cron, topic, binding, state or grpc")
                }
                return trigger
            }
        }
        source = json["source"]?.stringValue ?? ""
        if let alias = json["alias"] {
            self.alias = alias.stringValue
            if let name = self.alias, !FunctionSpec.isAliasName(name) { throw .aliasName(name) }
        }
        if let percent = json["percent"]?.intValue {
            guard (0...100).contains(percent) else { throw FunctionBaseError(.invalid, "percent is \(percent); expected 0 to 100") }
            self.percent = percent
        }
    }
}

extension FunctionDeployment {
    /// What a file declares. Relative paths of granted folders begin at `folder`.
    public init(_ spec: FunctionSpec, folder: String) {
        abi = spec.abi.flatMap { FunctionABI(rawValue: $0.rawValue) }
        configuration = spec.configuration
        environment = spec.environment
        grants = FunctionGrants(spec.grants, folder: folder)
        limits = FunctionLimits(spec.limits)
        scaling = FunctionScaling(spec.scaling)
        triggers = spec.triggers.map { FunctionTrigger($0) }
        source = spec.source.image ?? spec.source.file
    }
}

extension FunctionGrants {
    fileprivate init(_ grants: FunctionSpec.Grants, folder: String) {
        self.init()
        state = grants.state
        pubsub = grants.pubsub
        bindings = grants.bindings
        secrets = grants.secrets
        configuration = grants.configuration
        locks = grants.locks
        invoke = grants.invoke
        env = grants.env
        arguments = grants.arguments
        clock = grants.clock
        random = grants.random
        stdout = grants.stdout
        wasi = grants.wasi
        folders = grants.folders.mapValues {
            Folder(path: $0.path.hasPrefix("/") ? $0.path : "\(folder)/\($0.path)", isWritable: $0.isWritable)
        }
    }
}

extension FunctionLimits {
    fileprivate init(_ limits: FunctionSpec.Limits) {
        self.init()
        memoryBytes = limits.memoryBytes ?? memoryBytes
        cpuMilliseconds = limits.cpu?.wholeMilliseconds ?? cpuMilliseconds
        wallMilliseconds = limits.wall?.wholeMilliseconds ?? wallMilliseconds
        fuel = limits.fuel ?? fuel
        isMeteredExactly = limits.isMeteredExactly
        stackBytes = limits.stackBytes ?? stackBytes
        requestBytes = limits.requestBytes ?? requestBytes
        responseBytes = limits.responseBytes ?? responseBytes
        outboundCalls = limits.outboundCalls ?? outboundCalls
        logBytes = limits.logBytes ?? logBytes
        concurrency = limits.concurrency ?? concurrency
        queue = limits.queue ?? queue
    }
}

extension FunctionScaling {
    fileprivate init(_ scaling: FunctionSpec.Scaling) {
        self.init()
        isolation = scaling.isolation.flatMap { Isolation(rawValue: $0.rawValue) } ?? isolation
        maximumRequests = scaling.maximumRequests ?? maximumRequests
        maximumMemoryBytes = scaling.maximumMemoryBytes ?? maximumMemoryBytes
        minimumInstances = scaling.minimumInstances ?? minimumInstances
        idleMilliseconds = scaling.idle?.wholeMilliseconds ?? idleMilliseconds
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int { Int(self / .milliseconds(1)) }
}
