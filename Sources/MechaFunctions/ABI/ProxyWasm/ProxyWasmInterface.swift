import MechaWasm
import NIOCore

/// proxy-wasm 0.1.0, 0.2.0 and 0.2.1 with what Layotto added (sections 4.1 and 4.2 of the Layotto facts).
enum ProxyWasmInterface: GuestInterface {
    static var guestKind: Guest.Type { ProxyWasmGuest.self }
    static let module = "env"

    static var functions: [WasmHostFunction] {
        // Older tools know WASI by an older name; what differs between the two is nothing that is answered here.
        let older = WASIPreview1.functions.map { function in
            var function = function
            function.module = "wasi_unstable"
            return function
        }
        return systemFunctions + streamFunctions + bufferFunctions + headerFunctions + sharedFunctions + metricFunctions + callFunctions
            + absentFunctions
            + older
    }

    static func check(_ module: WasmModule, for revision: FunctionRevision) throws(FunctionError) {
        let versions = ["proxy_abi_version_0_1_0", "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1"]
        guard versions.contains(where: { module.exports[$0] != nil }) || module.function("proxy_on_context_create") != nil else {
            throw FunctionError(.invalidModule, "the module exports none of \(versions.joined(separator: ", "))")
        }
        try requireMemory(module)
        let allocator = module.function("proxy_on_memory_allocate") ?? module.function("malloc")
        guard allocator == WasmSignature([.i32], [.i32]) else {
            throw FunctionError(.invalidModule, "the module exports no `proxy_on_memory_allocate` or `malloc` as (i32) -> i32")
        }
        for wanted in module.imports where wanted.module == WASIPreview1.module || wanted.module == "wasi_unstable" {
            try WASIPreview1.check(wanted.name, for: revision)
        }
    }

    static func hasDestroy(_ module: WasmModule) -> Bool { false }

    // MARK: -

    /// A function that answers at once. Pointers outside of the guest's memory have a status of their own.
    static func function(
        _ name: String, _ parameters: Int, _ body: @escaping @Sendable (ProxyWasmGuest, WasmCaller) throws -> ProxyWasmStatus
    ) -> WasmHostFunction {
        function(name, Array(repeating: .i32, count: parameters), body)
    }

    static func function(
        _ name: String, _ parameters: [WasmType], _ body: @escaping @Sendable (ProxyWasmGuest, WasmCaller) throws -> ProxyWasmStatus
    ) -> WasmHostFunction {
        WasmHostFunction(module, name, parameters) { call in
            do {
                return try body(call.guest(), call).rawValue
            } catch is WasmMemoryError {
                return ProxyWasmStatus.invalidMemoryAccess.rawValue
            }
        }
    }

    static func text(_ call: WasmCaller, _ index: Int) throws -> String {
        try call.instance.string(at: call[index], count: call[index + 1])
    }

    static func bytes(_ call: WasmCaller, _ index: Int) throws -> ByteBuffer {
        ByteBuffer(bytes: try call.instance.bytes(at: call[index], count: call[index + 1]))
    }

    /// Checks that what arguments point to lies in the guest's memory: texts and bytes by the index of their pointer, places
    /// for results by theirs.
    static func check(_ call: WasmCaller, inputs: [Int], outputs: [Int] = []) throws {
        for index in inputs { _ = try call.instance.bytes(at: call[index], count: call[index + 1]) }
        for index in outputs { _ = try call.instance.bytes(at: call[index], count: 4) }
    }

    /// What the interface has and nobody here answers: gRPC calls, of which none is ever open, and foreign functions, of which
    /// there are none.
    static var absentFunctions: [WasmHostFunction] {
        [
            function("proxy_grpc_call", 12) { _, call in
                try check(call, inputs: [0, 2, 4, 6, 8], outputs: [11])
                return .unimplemented
            },
            function("proxy_grpc_stream", 9) { _, call in
                try check(call, inputs: [0, 2, 4, 6], outputs: [8])
                return .unimplemented
            },
            function("proxy_grpc_send", 4) { _, call in
                try check(call, inputs: [1])
                return .notFound
            },
            function("proxy_grpc_cancel", 1) { _, _ in .notFound },
            function("proxy_grpc_close", 1) { _, _ in .notFound },
            function("proxy_call_foreign_function", 6) { _, call in
                try check(call, inputs: [0, 2], outputs: [4, 5])
                return .notFound
            },
            // Emscripten's runtime tells that the memory grew.
            WasmHostFunction(module, "emscripten_notify_memory_growth", [.i32], []) { _ in 0 },
        ]
    }
}
