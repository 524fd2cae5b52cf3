import MechaWasm
import NIOCore
import Testing

/// One engine for the tests of this process: engines reserve addresses.
enum Engines {
    static let optimizing: Result<WasmEngine, WasmError> = make(.optimizing)
    static let baseline: Result<WasmEngine, WasmError> = make(.baseline)
    static let interpreter: Result<WasmEngine, WasmError> = make(.interpreter)

    static func engine(_ compiler: WasmEngineOptions.Compiler) throws -> WasmEngine {
        switch compiler {
        case .optimizing: try optimizing.get()
        case .baseline: try baseline.get()
        case .interpreter: try interpreter.get()
        }
    }

    private static func make(_ compiler: WasmEngineOptions.Compiler) -> Result<WasmEngine, WasmError> {
        var options = WasmEngineOptions()
        options.compiler = compiler
        options.maximumInstances = 64
        return Result { () throws(WasmError) in try WasmEngine(options) }
    }
}

/// A guest made of text, with host functions.
struct Guest {
    let instance: WasmInstance

    init(
        _ text: String, functions: [WasmHostFunction] = [], compiler: WasmEngineOptions.Compiler = .optimizing,
        engine: WasmEngine? = nil, memoryBytes: Int = 16 << 20, budget: WasmBudget = WasmBudget()
    ) async throws {
        let engine = try engine ?? Engines.engine(compiler)
        let module = try engine.compile(try WasmEngine.binary(text: text))
        let template = try WasmLinker(engine, functions: functions).template(module)
        instance = try WasmInstance(template, limits: .init(memoryBytes: memoryBytes))
        instance.budget = budget
        try await instance.instantiate()
    }

    func call(_ name: StaticString, _ argument: Int32? = nil, budget: WasmBudget = WasmBudget()) async throws -> Int32 {
        let function = try #require(instance.function(name))
        instance.budget = budget
        return if let argument {
            try await instance.call(function, [argument], hasResult: true)
        } else {
            try await instance.call(function, hasResult: true)
        }
    }
}

func error(_ body: () async throws -> some Any) async throws -> WasmError {
    do {
        _ = try await body()
    } catch let error as WasmError {
        return error
    }
    throw Missing()
}

struct Missing: Error {}
