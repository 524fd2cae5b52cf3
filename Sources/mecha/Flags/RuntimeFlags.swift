import ArgumentParser

/// Flags that describe the runtime process, shared by `run` and `serve`.
struct RuntimeFlags: ParsableArguments {
    @Option(name: [.customShort("M"), .long], help: "The port of the Prometheus metrics.")
    var metricsPort: PortNumber?

    @Option(help: "The least severe lines that are logged.")
    var logLevel: LogLevelName = .info

    @Option(help: "The folder of the embedded stores (default: $MECHA_DATA_DIR or ~/.mecha/data).")
    var dataDir: String?

    @Option(help: "Threads that serve requests (default: one per core, at most four).")
    var eventLoops: Int?

    @Option(help: "The port that functions answer on, opened with the first of them (default: 2045, or a free one when that is in use).")
    var functionsPort: PortNumber?

    func validate() throws {
        if let eventLoops, eventLoops < 1 { throw ValidationError("--event-loops must be 1 or more") }
    }
}
