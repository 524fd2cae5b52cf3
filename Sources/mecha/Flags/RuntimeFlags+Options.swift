import MechaHost
import MechaRuntime

extension RuntimeFlags {
    /// Options of a runtime process without apps yet.
    func options(in context: CommandContext) -> RuntimeOptions {
        let variable = context.environment["MECHA_DATA_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        var options = RuntimeOptions(apps: [], dataDirectory: dataDir ?? variable ?? context.folders.data)
        options.eventLoopCount = eventLoops
        if let port = functionsPort?.listening {
            options.functionsPort.number = port
            options.functionsPort.isNamed = true
        }
        options.logLevel = logLevel.rawValue
        options.isLogJSON = context.isLogJSON
        return options
    }
}
