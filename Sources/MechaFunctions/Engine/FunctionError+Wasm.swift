import MechaWasm

extension FunctionError {
    /// What a failure of the engine means for who called the function.
    ///
    /// - Parameter memoryBytes: what the instance had in the end: a guest that cannot get memory mostly traps
    ///   because of it, which the trap does not say.
    init(_ error: WasmError, limits: FunctionLimits, memoryBytes: Int = 0) {
        if var own = error.cause as? FunctionError {
            own.stack = error.stack
            self = own
            return
        }
        switch error.code {
        case .unavailable: self.init(.engineUnavailable, error.message)
        case .invalidModule: self.init(.invalidModule, "the module is not valid: \(error.message)")
        case .missingImport: self.init(.missingImport, error.message)
        case .stackOverflow:
            self.init(.trapped, "the function trapped: \(error.message) (\(limits.stackBytes) bytes)", stack: error.stack)
        case .outOfProcessorTime:
            self.init(.timedOut, "the function used more than its \(limits.cpuMilliseconds) ms of processor time", stack: error.stack)
        case .outOfFuel: self.init(.timedOut, "the function used more than its \(limits.fuel) of fuel", stack: error.stack)
        case .deadline: self.init(.timedOut, "the function did not answer in time", stack: error.stack)
        case .outOfInstances: self.init(.busy, error.message)
        case .outOfMemory: self.init(.outOfMemory, error.message)
        case .trapped:
            if memoryBytes > 0, memoryBytes >= limits.memoryBytes / 2, error.cause == nil {
                self.init(
                    .outOfMemory,
                    "the function trapped with \(min(memoryBytes, limits.memoryBytes)) of \(limits.memoryBytes) bytes of memory in use: \(error.message)",
                    stack: error.stack)
            } else {
                self.init(.trapped, "the function trapped: \(error.message)", stack: error.stack)
            }
        }
    }
}
