import MechaCore
import MechaWasm

/// WASI preview 1 as far as functions may have it. Each part is granted by itself, and what is not is refused when
/// the function is deployed.
enum WASIPreview1 {
    static let module = "wasi_snapshot_preview1"

    /// Bytes of one `fd_write` beyond these are not taken; the guest writes the rest again.
    private static let writtenBytesAtMost: UInt32 = 1 << 20
    private static let vectorsAtMost: UInt32 = 1_024

    /// Whether `revision` may import `name`.
    static func check(_ name: String, for revision: FunctionRevision) throws(FunctionError) {
        // proxy-wasm asks every host for these.
        if revision.abi == .proxyWasm, proxyWasmNames.contains(name) { return }
        let grants = revision.grants
        let (isGranted, grant): (Bool, String) =
            switch name {
            case "proc_exit", "sched_yield", "fd_prestat_get", "fd_prestat_dir_name": (true, "")
            case "args_get", "args_sizes_get": (!grants.arguments.isEmpty, "arguments")
            case "environ_get", "environ_sizes_get": (!grants.env.isEmpty || !revision.environment.isEmpty, "env")
            case "clock_time_get", "clock_res_get": (grants.clock, "clock")
            case "random_get": (grants.random, "random")
            case "fd_write", "fd_close", "fd_seek", "fd_fdstat_get", "fd_read": (grants.stdout, "stdout")
            default: (false, "")
            }
        if isGranted { return }
        guard !grant.isEmpty else {
            throw FunctionError(.missingImport, "the module imports \(module).\(name), which functions do not have here")
        }
        throw FunctionError(.missingImport, "the module imports \(module).\(name), which needs the grant `\(grant)`")
    }

    private static let proxyWasmNames: Set = [
        "args_get", "args_sizes_get", "clock_time_get", "clock_res_get", "environ_get", "environ_sizes_get", "fd_write", "fd_read",
        "fd_seek", "fd_close", "fd_fdstat_get", "random_get",
    ]

    static var functions: [WasmHostFunction] {
        processFunctions + clockFunctions + descriptorFunctions
    }

    // MARK: - Arguments and environment

    private static var processFunctions: [WasmHostFunction] {
        [
            function("args_sizes_get", [.i32, .i32]) { guest, call in
                try sizes(of: guest.context.grants.arguments, call)
            },
            function("args_get", [.i32, .i32]) { guest, call in
                try write(guest.context.grants.arguments, call)
            },
            function("environ_sizes_get", [.i32, .i32]) { guest, call in
                try sizes(of: guest.context.environment.map { "\($0.name)=\($0.value)" }, call)
            },
            function("environ_get", [.i32, .i32]) { guest, call in
                try write(guest.context.environment.map { "\($0.name)=\($0.value)" }, call)
            },
            WasmHostFunction(module, "proc_exit", [.i32], []) { call in throw WASIExit(code: call.int32(0)) },
            function("sched_yield", []) { _, _ in .success },
        ]
    }

    private static func sizes(of texts: [String], _ call: WasmCaller) throws -> WASIError {
        try call.instance.store(UInt32(texts.count), at: call[0])
        try call.instance.store(UInt32(texts.reduce(0) { $0 + $1.utf8.count + 1 }), at: call[1])
        return .success
    }

    /// Pointers at the first argument, zero-terminated texts at the second.
    private static func write(_ texts: [String], _ call: WasmCaller) throws -> WASIError {
        var (pointers, texts_) = (call[0], call[1])
        for text in texts {
            try call.instance.store(texts_, at: pointers)
            let bytes = Array(text.utf8) + [0]
            try call.instance.bytes(at: texts_, count: UInt32(bytes.count)).copyBytes(from: bytes)
            pointers &+= 4
            texts_ &+= UInt32(bytes.count)
        }
        return .success
    }

    // MARK: - Clocks and randomness

    private static var clockFunctions: [WasmHostFunction] {
        [
            function("clock_time_get", [.i32, .i64, .i32]) { guest, call in
                let clock = guest.context.runtime.host.clock
                let nanoseconds: UInt64
                switch call[0] {
                case 0:
                    let now = clock.now()
                    nanoseconds = UInt64(bitPattern: now.seconds) &* 1_000_000_000 &+ UInt64(now.nanoseconds)
                case 1, 2, 3: nanoseconds = clock.monotonicNanoseconds()
                default: return .invalid
                }
                try call.instance.store(nanoseconds, at: call[2])
                return .success
            },
            function("clock_res_get", [.i32, .i32]) { _, call in
                guard call[0] <= 3 else { return .invalid }
                try call.instance.store(UInt64(1), at: call[1])
                return .success
            },
            function("random_get", [.i32, .i32]) { _, call in
                SystemRandomness.fill(try call.instance.bytes(at: call[0], count: call[1]))
                return .success
            },
        ]
    }

    // MARK: - Descriptors: 1 and 2 go to the log, there are no others

    private static var descriptorFunctions: [WasmHostFunction] {
        [
            function("fd_write", [.i32, .i32, .i32, .i32]) { guest, call in
                let (descriptor, vectors, count) = (call[0], call[1], call[2])
                guard descriptor == 1 || descriptor == 2 else { return .badDescriptor }
                guard count <= vectorsAtMost else { return .invalid }
                var written: UInt32 = 0
                for index in 0..<count {
                    let vector = try call.instance.bytes(at: vectors &+ index * 8, count: 8)
                    let pointer = UInt32(littleEndian: vector.loadUnaligned(as: UInt32.self))
                    let length = UInt32(littleEndian: vector.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
                    let bytes = try call.instance.bytes(at: pointer, count: min(length, writtenBytesAtMost - written))
                    guest.write(UnsafeRawBufferPointer(bytes), to: descriptor)
                    written += UInt32(bytes.count)
                }
                try call.instance.store(written, at: call[3])
                return .success
            },
            function("fd_read", [.i32, .i32, .i32, .i32]) { _, call in
                // Standard input is empty.
                guard call[0] == 0 else { return .badDescriptor }
                try call.instance.store(UInt32(0), at: call[3])
                return .success
            },
            function("fd_close", [.i32]) { _, call in call[0] <= 2 ? .success : .badDescriptor },
            function("fd_seek", [.i32, .i64, .i32, .i32]) { _, call in call[0] <= 2 ? .seekOnPipe : .badDescriptor },
            function("fd_fdstat_get", [.i32, .i32]) { _, call in
                guard call[0] <= 2 else { return .badDescriptor }
                let state = try call.instance.bytes(at: call[1], count: 24)
                state.initializeMemory(as: UInt8.self, repeating: 0)
                // A character device, so that C libraries write line by line; the right to write (bit 6), or to read.
                state[0] = 2
                state[8] = call[0] == 0 ? 0x02 : 0x40
                return .success
            },
            function("fd_prestat_get", [.i32, .i32]) { _, _ in .badDescriptor },
            function("fd_prestat_dir_name", [.i32, .i32, .i32]) { _, _ in .badDescriptor },
        ]
    }

    private static func function(
        _ name: String, _ parameters: [WasmType], _ body: @escaping @Sendable (Guest, WasmCaller) throws -> WASIError
    ) -> WasmHostFunction {
        WasmHostFunction(module, name, parameters) { call in try body(call.guest(), call).rawValue }
    }
}
