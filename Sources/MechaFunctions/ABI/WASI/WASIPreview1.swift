import MechaCore
import MechaWasm

/// WASI preview 1 as far as functions may have it. Each part is granted by itself, and what is not is refused when
/// the function is deployed.
enum WASIPreview1 {
    static let module = "wasi_snapshot_preview1"

    /// Bytes of one `fd_write` beyond these are not taken; the guest writes the rest again.
    static let writtenBytesAtMost: UInt32 = 1 << 20
    static let vectorsAtMost: UInt32 = 1_024

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
            case "clock_time_get", "clock_res_get", "poll_oneoff": (grants.clock, "clock")
            case "random_get": (grants.random, "random")
            case "fd_write", "fd_close", "fd_seek", "fd_fdstat_get", "fd_read":
                (grants.stdout || !grants.folders.isEmpty, "stdout")
            case _ where folderFunctionNames.contains(name): (!grants.folders.isEmpty, "folders")
            default: (false, "")
            }
        if isGranted { return }
        guard !grant.isEmpty else {
            throw FunctionError(.missingImport, "the module imports \(module).\(name), which functions do not have here")
        }
        guard grants.wasi else {
            throw FunctionError(.missingImport, "the module imports \(module).\(name), which needs the grant `\(grant)`")
        }
    }

    /// What is there for the grant `wasi`, and closed.
    private static func isOpen(_ grant: Bool, _ guest: Guest) -> Bool { grant || guest.context.revision.abi == .proxyWasm }

    private static let proxyWasmNames: Set = [
        "args_get", "args_sizes_get", "clock_time_get", "clock_res_get", "environ_get", "environ_sizes_get", "fd_write", "fd_read",
        "fd_seek", "fd_close", "fd_fdstat_get", "random_get",
    ]
    private static let folderFunctionNames = Set(folderFunctions.map(\.name))

    static var functions: [WasmHostFunction] {
        processFunctions + clockFunctions + descriptorFunctions + folderFunctions
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
                guard isOpen(guest.context.grants.clock, guest) else { return .notCapable }
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
            function("random_get", [.i32, .i32]) { guest, call in
                guard isOpen(guest.context.grants.random, guest) else { return .notCapable }
                SystemRandomness.fill(try call.instance.bytes(at: call[0], count: call[1]))
                return .success
            },
        ]
    }

    // MARK: - Descriptors: 0 is empty, 1 and 2 go to the log; files and folders see WASIPreview1+Folders

    private static var descriptorFunctions: [WasmHostFunction] {
        [
            fileFunction("fd_write", [.i32, .i32, .i32, .i32]) { guest, call in
                let (descriptor, result) = (call[0], call[3])
                guard descriptor == 1 || descriptor == 2 else {
                    return try write(guest, call, at: nil, result: result)
                }
                var written: UInt32 = 0
                for bytes in try vectors(call) {
                    let bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(writtenBytesAtMost - written)))
                    if isOpen(guest.context.grants.stdout, guest) { guest.write(bytes, to: descriptor) }
                    written += UInt32(bytes.count)
                }
                try call.instance.store(written, at: result)
                return .now(0)
            },
            fileFunction("fd_read", [.i32, .i32, .i32, .i32]) { guest, call in
                guard call[0] == 0 else { return try read(guest, call, at: nil, result: call[3]) }
                // Standard input is empty.
                try call.instance.store(UInt32(0), at: call[3])
                return .now(0)
            },
            function("fd_close", [.i32]) { guest, call in
                call[0] <= 2 || files(of: guest).remove(call[0]) ? .success : .badDescriptor
            },
            fileFunction("fd_seek", [.i32, .i64, .i32, .i32]) { guest, call in
                if call[0] <= 2 { return .now(Int32(WASIError.seekOnPipe.rawValue)) }
                return try seek(guest, call)
            },
            function("fd_fdstat_get", [.i32, .i32]) { guest, call in
                let state = try call.instance.bytes(at: call[1], count: 24)
                state.initializeMemory(as: UInt8.self, repeating: 0)
                guard call[0] > 2 else {
                    // A character device, so that C libraries write line by line; the right to write (bit 6), or to read.
                    state[0] = 2
                    state[8] = call[0] == 0 ? 0x02 : 0x40
                    return .success
                }
                guard let open = files(of: guest)[call[0]] else { return .badDescriptor }
                state[0] = (open.file.isFolder ? GuestFileState.Kind.folder : .file).rawValue
                state[2] = open.appends ? 1 : 0
                let rights = rights(of: open.file)
                state.storeBytes(of: rights.littleEndian, toByteOffset: 8, as: UInt64.self)
                state.storeBytes(of: rights.littleEndian, toByteOffset: 16, as: UInt64.self)
                return .success
            },
            function("fd_prestat_get", [.i32, .i32]) { guest, call in
                guard let path = files(of: guest)[call[0]]?.path else { return .badDescriptor }
                try call.instance.store(UInt64(path.utf8.count) << 32, at: call[1])
                return .success
            },
            function("fd_prestat_dir_name", [.i32, .i32, .i32]) { guest, call in
                guard let path = files(of: guest)[call[0]]?.path else { return .badDescriptor }
                guard call[2] >= path.utf8.count else { return .invalid }
                try call.instance.bytes(at: call[1], count: UInt32(path.utf8.count)).copyBytes(from: path.utf8)
                return .success
            },
            WasmHostFunction(suspending: module, "poll_oneoff", [.i32, .i32, .i32, .i32]) { call in try poll(call) },
        ]
    }

    /// Subscriptions of one call.
    private static let subscriptionsAtMost: UInt32 = 64

    /// Waits for clocks; files are always ready.
    private static func poll(_ call: WasmCaller) throws -> WasmReply {
        let guest: Guest = call.guest()
        guard guest.context.grants.clock else { return .now(Int32(WASIError.notCapable.rawValue)) }
        let count = call[2]
        guard count > 0, count <= subscriptionsAtMost else { return .now(Int32(WASIError.invalid.rawValue)) }
        let entries = try call.instance.bytes(at: call[0], count: count * 48)
        _ = try call.instance.bytes(at: call[1], count: count * 32)
        _ = try call.instance.bytes(at: call[3], count: 4)
        let clock = guest.context.runtime.host.clock
        var earliest: UInt64 = .max
        var events: [(user: UInt64, kind: UInt8, wait: UInt64)] = []
        for index in 0..<Int(count) {
            let user = entries.loadUnaligned(fromByteOffset: index * 48, as: UInt64.self)
            let kind = entries[index * 48 + 8]
            guard kind <= 2 else { return .now(Int32(WASIError.invalid.rawValue)) }
            guard kind == 0 else {
                events.append((user, kind, 0))
                earliest = 0
                continue
            }
            var wait = UInt64(littleEndian: entries.loadUnaligned(fromByteOffset: index * 48 + 24, as: UInt64.self))
            if entries[index * 48 + 40] & 1 != 0 {
                let now = clock.now()
                let time =
                    entries[index * 48 + 16] == 0
                    ? UInt64(bitPattern: now.seconds) &* 1_000_000_000 &+ UInt64(now.nanoseconds) : clock.monotonicNanoseconds()
                wait = wait > time ? wait - time : 0
            }
            events.append((user, kind, wait))
            earliest = min(earliest, wait)
        }
        let (ready, waiting, output, result) = (events.filter { $0.wait <= earliest }, earliest, call[1], call[3])
        return .later {
            if waiting > 0 { try? await clock.sleep(for: .nanoseconds(Int64(clamping: waiting))) }
            return { instance in
                let target = try instance.bytes(at: output, count: UInt32(ready.count) * 32)
                target.initializeMemory(as: UInt8.self, repeating: 0)
                for (index, event) in ready.enumerated() {
                    target.storeBytes(of: event.user, toByteOffset: index * 32, as: UInt64.self)
                    target[index * 32 + 10] = event.kind
                }
                try instance.store(UInt32(ready.count), at: result)
                return 0
            }
        }
    }

    static func function(
        _ name: String, _ parameters: [WasmType], _ body: @escaping @Sendable (Guest, WasmCaller) throws -> WASIError
    ) -> WasmHostFunction {
        WasmHostFunction(module, name, parameters) { call in try body(call.guest(), call).rawValue }
    }
}
