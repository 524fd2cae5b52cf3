import Logging
import MechaWasm
import NIOCore

/// http-wasm: the HTTP handler ABI of http-wasm.io, which Dapr's `middleware.http.wasm` runs.
///
/// A guest exports `handle_request` and `handle_response` and reads and changes messages by functions of the module
/// `http_handler`. What cannot be done ends the call with a trap, as the specification has it.
enum HTTPWasmInterface: GuestInterface {
    static var guestKind: Guest.Type { HTTPWasmGuest.self }
    static let module = "http_handler"

    static var functions: [WasmHostFunction] { systemFunctions + messageFunctions + headerFunctions + bodyFunctions }

    static func check(_ module: WasmModule, for revision: FunctionRevision) throws(FunctionError) {
        let wanted: [(name: String, signature: WasmSignature)] = [
            ("handle_request", WasmSignature([], [.i64])), ("handle_response", WasmSignature([.i32, .i32], [])),
        ]
        for (name, signature) in wanted where module.function(name) != signature {
            let found = module.function(name).map { "as \($0)" } ?? "not at all"
            throw FunctionError(.invalidModule, "the module exports \(name) \(found); http-wasm has it as \(signature)")
        }
        try requireMemory(module)
        for wanted in module.imports where wanted.module == WASIPreview1.module {
            try WASIPreview1.check(wanted.name, for: revision)
        }
    }

    static func hasDestroy(_ module: WasmModule) -> Bool { false }

    // MARK: -

    static func function(
        _ name: String, _ parameters: Int, _ results: [WasmType], _ body: @escaping @Sendable (HTTPWasmGuest, WasmCaller) throws -> Int64
    ) -> WasmHostFunction {
        WasmHostFunction(module, name, Array(repeating: .i32, count: parameters), results) { call in try body(call.guest(), call) }
    }

    static func text(_ call: WasmCaller, _ index: Int) throws -> String {
        call[index + 1] == 0 ? "" : try call.instance.string(at: call[index], count: call[index + 1])
    }

    /// Writes bytes to the place that the arguments from `index` on name, if they fit there; their length.
    static func give(_ bytes: some Collection<UInt8>, _ call: WasmCaller, _ index: Int) throws -> Int64 {
        if bytes.count <= Int(call[index + 1]), !bytes.isEmpty {
            try call.instance.bytes(at: call[index], count: UInt32(bytes.count)).copyBytes(from: bytes)
        }
        return Int64(bytes.count)
    }

    /// The same for a list, each item with a zero behind it; their count in the upper half.
    static func give(_ texts: [String], _ call: WasmCaller, _ index: Int) throws -> Int64 {
        var bytes: [UInt8] = []
        for text in texts {
            bytes += text.utf8
            bytes.append(0)
        }
        return Int64(texts.count) << 32 | (try give(bytes, call, index))
    }

    static func misuse(_ message: String) -> FunctionError { FunctionError(.failed, "http-wasm: \(message)") }

    // MARK: - Configuration, features, log

    private static var systemFunctions: [WasmHostFunction] {
        [
            function("enable_features", 1, [.i32]) { guest, call in Int64(guest.enable(call[0])) },
            function("get_config", 2, [.i32]) { guest, call in try give(guest.context.revision.configuration.utf8, call, 0) },
            function("log", 3, []) { guest, call in
                guard let level = level(call.int32(0)) else { return 0 }
                let bytes = try call.instance.bytes(at: call[2] == 0 ? 0 : call[1], count: call[2])
                guest.log(level, String(decoding: bytes, as: UTF8.self), bytes: bytes.count)
                return 0
            },
            function("log_enabled", 1, [.i32]) { guest, call in
                level(call.int32(0)).map { guest.context.logger.logLevel <= $0 ? 1 : 0 } ?? 0
            },
        ]
    }

    /// -1 debug, 0 info, 1 warning, 2 error; 3 is none, as is all else.
    private static func level(_ number: Int32) -> Logger.Level? {
        switch number {
        case -1: .debug
        case 0: .info
        case 1: .warning
        case 2: .error
        default: nil
        }
    }
}
