import Logging
import MechaHost
import NIOCore

/// What the instances of one revision share.
final class FunctionContext: Sendable {
    let revision: FunctionRevision
    /// The app that the function is; host calls go through it.
    let runtime: AppRuntime
    let logger: Logger
    /// Variables that guests may see: those granted of the process's, then the revision's own.
    let environment: [(name: String, value: String)]
    /// Memory that proxy-wasm guests share.
    let shared = SharedData()
    /// Granted folders by the guest's path for each, in the order of these paths.
    let folders: [(path: String, folder: GuestFile)]

    init(revision: FunctionRevision, runtime: AppRuntime) throws(FunctionError) {
        self.revision = revision
        folders = try GuestFile.open(revision.grants.folders)
        self.runtime = runtime
        var logger = runtime.logger
        logger[metadataKey: "function"] = "\(revision.function)"
        logger[metadataKey: "revision"] = "\(revision.number)"
        self.logger = logger
        var variables: [String: String] = [:]
        for name in revision.grants.env { variables[name] = runtime.host.environment[name] }
        variables.merge(revision.environment) { $1 }
        environment = variables.map { ($0.key, $0.value) }.sorted { $0.name < $1.name }
    }

    var limits: FunctionLimits { revision.limits }
    var grants: FunctionGrants { revision.grants }
}

extension [String] {
    /// Whether a list of granted names has `name`, or `*` for every one.
    func grants(_ name: String) -> Bool { contains(name) || contains("*") }
}
