/// Where this user's files are.
struct HomeFolders: Sendable, Equatable {
    /// `$MECHA_HOME`, by default `~/.mecha`.
    let mecha: String
    /// Dapr's folder, `~/.dapr`; under `--runtime-path` when that is given.
    let dapr: String

    init(environment: [String: String], runtimePath: String? = nil) {
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        mecha = environment["MECHA_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(home)/.mecha"
        dapr = "\(runtimePath ?? home)/.dapr"
    }

    /// Files of the embedded defaults (SQLite state, local registry, secrets).
    var data: String { "\(mecha)/data" }
    /// One record per running runtime process.
    var runRecords: String { "\(mecha)/run" }

    var daprComponents: String { "\(dapr)/components" }
    var daprConfig: String { "\(dapr)/config.yaml" }
    var daprBinaries: String { "\(dapr)/bin" }
}
