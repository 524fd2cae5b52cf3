import MechaWasm
import NIOCore

/// Files and folders of WASI preview 1: granted folders, see ``GuestFile``. What blocks runs away from the loop.
extension WASIPreview1 {
    static func files(of guest: Guest) -> GuestFileTable {
        if let files = guest.files { return files }
        let files = GuestFileTable(guest.context.folders)
        guest.files = files
        return files
    }

    /// Bits of preview 1's rights.
    private enum Right {
        static let read: UInt64 = 1 << 1
        static let write: UInt64 = 1 << 6
        /// All that folders and files have.
        static let all: UInt64 = 0x0fff_ffff
    }

    static func rights(of file: GuestFile) -> UInt64 {
        var rights = Right.all
        if file.isFolder ? !file.isWritable : !(file.access.writes || file.access.appends) { rights &= ~Right.write }
        return rights
    }

    /// A function that may wait for a file.
    static func fileFunction(
        _ name: String, _ parameters: [WasmType], _ body: @escaping @Sendable (Guest, WasmCaller) throws -> WasmReply
    ) -> WasmHostFunction {
        WasmHostFunction(suspending: module, name, parameters) { call in try body(call.guest(), call) }
    }

    /// The guest's vectors of a call, whose pointer and count are the second and third argument.
    static func vectors(_ call: WasmCaller) throws -> [UnsafeMutableRawBufferPointer] {
        try vectorPlaces(call).map { try call.instance.bytes(at: $0.pointer, count: $0.count) }
    }

    /// The vectors as numbers, which stay right when the memory moves.
    private static func vectorPlaces(_ call: WasmCaller) throws -> [(pointer: UInt32, count: UInt32)] {
        let (vectors, count) = (call[1], call[2])
        guard count <= vectorsAtMost else {
            throw FunctionError(.trapped, "a call has \(count) vectors; at most \(vectorsAtMost) are taken")
        }
        return try (0..<count).map { index in
            let vector = try call.instance.bytes(at: vectors &+ index * 8, count: 8)
            return (
                UInt32(littleEndian: vector.loadUnaligned(as: UInt32.self)),
                UInt32(littleEndian: vector.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            )
        }
    }

    private static func error(_ error: GuestFileError) -> Int32 { Int32(error.preview1) }
    private static let badDescriptor = WasmReply.now(Int32(WASIError.badDescriptor.rawValue))

    /// - Parameter offset: nil reads where the file stands, and moves it.
    static func read(_ guest: Guest, _ call: WasmCaller, at offset: UInt64?, result: UInt32) throws -> WasmReply {
        guard let open = files(of: guest)[call[0]] else { return badDescriptor }
        let targets = try vectorPlaces(call)
        let wanted = try targets.reduce(0) { try $0 + call.instance.bytes(at: $1.pointer, count: $1.count).count }
        let count = min(wanted, GuestFile.chunkBytesAtMost)
        let (file, place) = (open.file, offset ?? open.position)
        nonisolated(unsafe) let opened = open
        return .later {
            let outcome = await GuestFileWork.run { () throws(GuestFileError) in try file.read(count, at: place) }
            return { instance in
                switch outcome {
                case .failure(let failure): return error(failure)
                case .success(var bytes):
                    if offset == nil { opened.position = place + UInt64(bytes.readableBytes) }
                    try instance.store(UInt32(bytes.readableBytes), at: result)
                    for (pointer, size) in targets {
                        guard let part = bytes.readSlice(length: min(Int(size), bytes.readableBytes)), part.readableBytes > 0 else { break }
                        let target = try instance.bytes(at: pointer, count: UInt32(part.readableBytes))
                        part.withUnsafeReadableBytes { target.copyMemory(from: $0) }
                    }
                    return 0
                }
            }
        }
    }

    /// - Parameter offset: nil writes where the file stands, and moves it.
    static func write(_ guest: Guest, _ call: WasmCaller, at offset: UInt64?, result: UInt32) throws -> WasmReply {
        guard let open = files(of: guest)[call[0]] else { return badDescriptor }
        var bytes = ByteBuffer()
        for vector in try vectors(call) {
            bytes.writeBytes(vector.prefix(Int(writtenBytesAtMost) - bytes.readableBytes))
        }
        _ = try call.instance.bytes(at: result, count: 4)
        let (file, place, contents) = (open.file, open.appends && offset == nil ? nil : offset ?? open.position, bytes)
        nonisolated(unsafe) let opened = open
        return .later {
            let outcome = await GuestFileWork.run { () throws(GuestFileError) in try file.write(contents, at: place) }
            return { instance in
                switch outcome {
                case .failure(let failure): return error(failure)
                case .success(let written):
                    if offset == nil, let place { opened.position = place + UInt64(written) }
                    try instance.store(UInt32(written), at: result)
                    return 0
                }
            }
        }
    }

    static func seek(_ guest: Guest, _ call: WasmCaller) throws -> WasmReply {
        guard let open = files(of: guest)[call[0]] else { return badDescriptor }
        let (file, offset, whence, result, position) = (open.file, call.int64(1), call[2], call[3], open.position)
        nonisolated(unsafe) let opened = open
        return .later {
            let outcome = await GuestFileWork.run { () throws(GuestFileError) in whence == 2 ? try file.state().bytes : 0 }
            return { instance in
                guard case .success(let size) = outcome else { return Int32(WASIError.badDescriptor.rawValue) }
                let base = whence == 0 ? 0 : whence == 1 ? Int64(clamping: position) : Int64(clamping: size)
                let (sum, isOver) = base.addingReportingOverflow(offset)
                guard whence <= 2, !isOver, sum >= 0 else { return Int32(WASIError.invalid.rawValue) }
                opened.position = UInt64(sum)
                try instance.store(UInt64(sum), at: result)
                return 0
            }
        }
    }

    /// A function of a file or folder that blocks: reads its arguments, and says what to do away from the loop. What that
    /// answers is written by `deliver`.
    private static func work<Value: Sendable>(
        _ name: String, _ parameters: [WasmType],
        _ body: @escaping @Sendable (Guest, GuestFile, WasmCaller) throws -> @Sendable () throws(GuestFileError) -> Value,
        deliver: @escaping @Sendable (Value, WasmInstance, [UInt32]) throws -> Void = { _, _, _ in }
    ) -> WasmHostFunction {
        fileFunction(name, parameters) { guest, call in
            guard let open = files(of: guest)[call[0]] else { return badDescriptor }
            let arguments = parameters.indices.map { call[$0] }
            let work = try body(guest, open.file, call)
            return .later {
                let outcome = await GuestFileWork.run(work)
                return { instance in
                    switch outcome {
                    case .failure(let failure): return error(failure)
                    case .success(let value):
                        try deliver(value, instance, arguments)
                        return 0
                    }
                }
            }
        }
    }

    /// A path of the guest; bytes that are no text are no path.
    private static func path(_ call: WasmCaller, _ index: Int) throws -> String {
        let bytes = try call.instance.bytes(at: call[index], count: call[index + 1])
        return String(validating: bytes, as: UTF8.self) ?? "\0"
    }

    private static func store(_ state: GuestFileState, _ instance: WasmInstance, at pointer: UInt32) throws {
        let target = try instance.bytes(at: pointer, count: 64)
        target.initializeMemory(as: UInt8.self, repeating: 0)
        target.storeBytes(of: state.number.littleEndian, toByteOffset: 8, as: UInt64.self)
        target[16] = state.kind.rawValue
        let numbers = [state.links, state.bytes, state.read.total, state.modified.total, state.changed.total]
        for (index, number) in numbers.enumerated() {
            target.storeBytes(of: number.littleEndian, toByteOffset: 24 + index * 8, as: UInt64.self)
        }
    }

    /// By preview 1's `fstflags`: 1 and 2 set the time of reading, the latter to now; 4 and 8 that of writing.
    private static func times(read: UInt64, modified: UInt64, flags: UInt32) -> GuestFileTimes {
        func value(_ time: UInt64, _ set: UInt32, _ now: UInt32) -> GuestFileTimes.Value? {
            if flags & now != 0 { return .now }
            return flags & set != 0 ? .time(seconds: Int(time / 1_000_000_000), nanoseconds: Int(time % 1_000_000_000)) : nil
        }
        return GuestFileTimes(read: value(read, 1, 2), modified: value(modified, 4, 8))
    }

    /// What is there with the grant `folders` only.
    static let folderFunctions: [WasmHostFunction] = [
        fileFunction("path_open", [.i32, .i32, .i32, .i32, .i32, .i64, .i64, .i32, .i32]) { guest, call in
            let table = files(of: guest)
            guard let open = table[call[0]] else { return badDescriptor }
            let (path, flags, rights, fdflags, result) = (try path(call, 2), call[4], UInt64(bitPattern: call.int64(5)), call[7], call[8])
            _ = try call.instance.bytes(at: result, count: 4)
            let how = GuestFile.Opening(
                creates: flags & 1 != 0, isExclusive: flags & 4 != 0, truncates: flags & 8 != 0, wantsFolder: flags & 2 != 0,
                access: .init(
                    reads: rights & Right.read != 0 || rights & Right.write == 0, writes: rights & Right.write != 0 && flags & 2 == 0,
                    appends: fdflags & 1 != 0))
            let (file, count) = (open.file, table.count)
            return .later {
                // Languages ask for every right of a folder; what it does not have it does not get.
                let outcome = await GuestFileWork.run { () throws(GuestFileError) in
                    do throws(GuestFileError) {
                        return try file.open(path, how, count: count)
                    } catch {
                        guard error.preview2 == "is-directory", !how.creates, !how.truncates else { throw error }
                        var reading = how
                        reading.access = .init(reads: true)
                        return try file.open(path, reading, count: count)
                    }
                }
                return { instance in
                    switch outcome {
                    case .failure(let failure): return error(failure)
                    case .success(let opened):
                        try instance.store(files(of: Guest.of(instance)).add(opened), at: result)
                        return 0
                    }
                }
            }
        },
        fileFunction("fd_pread", [.i32, .i32, .i32, .i64, .i32]) { guest, call in
            try read(guest, call, at: UInt64(bitPattern: call.int64(3)), result: call[4])
        },
        fileFunction("fd_pwrite", [.i32, .i32, .i32, .i64, .i32]) { guest, call in
            try write(guest, call, at: UInt64(bitPattern: call.int64(3)), result: call[4])
        },
        function("fd_tell", [.i32, .i32]) { guest, call in
            guard let open = files(of: guest)[call[0]] else { return .badDescriptor }
            try call.instance.store(open.position, at: call[1])
            return .success
        },
        function("fd_advise", [.i32, .i64, .i64, .i32]) { guest, call in files(of: guest)[call[0]] == nil ? .badDescriptor : .success },
        function("fd_allocate", [.i32, .i64, .i64]) { _, _ in .notSupported },
        function("fd_renumber", [.i32, .i32]) { _, _ in .notSupported },
        function("fd_fdstat_set_flags", [.i32, .i32]) { guest, call in
            guard let open = files(of: guest)[call[0]] else { return .badDescriptor }
            open.appends = call[1] & 1 != 0
            return .success
        },
        function("fd_fdstat_set_rights", [.i32, .i64, .i64]) { _, _ in .success },
        work("fd_sync", [.i32]) { _, file, _ in { () throws(GuestFileError) in try file.sync() } },
        work("fd_datasync", [.i32]) { _, file, _ in { () throws(GuestFileError) in try file.sync() } },
        work("fd_filestat_get", [.i32, .i32]) { _, file, _ in
            { () throws(GuestFileError) in try file.state() }
        } deliver: {
            try store($0, $1, at: $2[1])
        },
        work("fd_filestat_set_size", [.i32, .i64]) { _, file, call in
            let size = UInt64(bitPattern: call.int64(1))
            return { () throws(GuestFileError) in try file.setSize(size) }
        },
        work("fd_filestat_set_times", [.i32, .i64, .i64, .i32]) { _, file, call in
            let times = times(read: UInt64(bitPattern: call.int64(1)), modified: UInt64(bitPattern: call.int64(2)), flags: call[3])
            return { () throws(GuestFileError) in try file.setTimes(times) }
        },
        work("path_filestat_get", [.i32, .i32, .i32, .i32, .i32]) { _, file, call in
            let path = try path(call, 2)
            return { () throws(GuestFileError) in try file.state(of: path) }
        } deliver: {
            try store($0, $1, at: $2[4])
        },
        work("path_filestat_set_times", [.i32, .i32, .i32, .i32, .i64, .i64, .i32]) { _, file, call in
            let path = try path(call, 2)
            let times = times(read: UInt64(bitPattern: call.int64(4)), modified: UInt64(bitPattern: call.int64(5)), flags: call[6])
            return { () throws(GuestFileError) in try file.setTimes(of: path, times) }
        },
        work("path_create_directory", [.i32, .i32, .i32]) { _, file, call in
            let path = try path(call, 1)
            return { () throws(GuestFileError) in try file.makeFolder(path) }
        },
        work("path_remove_directory", [.i32, .i32, .i32]) { _, file, call in
            let path = try path(call, 1)
            return { () throws(GuestFileError) in try file.removeFolder(path) }
        },
        work("path_unlink_file", [.i32, .i32, .i32]) { _, file, call in
            let path = try path(call, 1)
            return { () throws(GuestFileError) in try file.removeFile(path) }
        },
        work("path_rename", [.i32, .i32, .i32, .i32, .i32, .i32]) { guest, file, call in
            let (path, newPath) = (try path(call, 1), try path(call, 4))
            let other = files(of: guest)[call[3]]?.file
            return { () throws(GuestFileError) in
                guard let other else { throw .badDescriptor }
                try file.rename(path, to: other, newPath)
            }
        },
        work("path_readlink", [.i32, .i32, .i32, .i32, .i32, .i32]) { _, file, call in
            let path = try path(call, 1)
            return { () throws(GuestFileError) in try file.link(path) }
        } deliver: { link, instance, arguments in
            let bytes = Array(link.utf8.prefix(Int(arguments[4])))
            try instance.bytes(at: arguments[3], count: UInt32(bytes.count)).copyBytes(from: bytes)
            try instance.store(UInt32(bytes.count), at: arguments[5])
        },
        // Links would be ways out of the folder for others.
        function("path_symlink", [.i32, .i32, .i32, .i32, .i32]) { _, _ in .notCapable },
        function("path_link", [.i32, .i32, .i32, .i32, .i32, .i32, .i32]) { _, _ in .notCapable },
        fileFunction("fd_readdir", [.i32, .i32, .i32, .i64, .i32]) { guest, call in
            guard let open = files(of: guest)[call[0]] else { return badDescriptor }
            let (pointer, size, cookie, result) = (call[1], call[2], UInt64(bitPattern: call.int64(3)), call[4])
            _ = try call.instance.bytes(at: pointer, count: size)
            let (file, known) = (open.file, cookie > 0 ? open.entries : nil)
            nonisolated(unsafe) let opened = open
            return .later {
                let outcome = await GuestFileWork.run { () throws(GuestFileError) in
                    if let known { return known }
                    return try file.entries()
                }
                return { instance in
                    switch outcome {
                    case .failure(let failure): return error(failure)
                    case .success(let entries):
                        opened.entries = entries
                        var bytes = ByteBuffer()
                        for (index, entry) in entries.enumerated().dropFirst(Int(clamping: cookie)) {
                            bytes.writeInteger(UInt64(index + 1), endianness: .little)
                            bytes.writeInteger(entry.number, endianness: .little)
                            bytes.writeInteger(UInt32(entry.name.utf8.count), endianness: .little)
                            bytes.writeInteger(UInt32(entry.kind.rawValue), endianness: .little)
                            bytes.writeString(entry.name)
                            if bytes.readableBytes >= size { break }
                        }
                        let part = bytes.readSlice(length: min(Int(size), bytes.readableBytes)) ?? ByteBuffer()
                        let target = try instance.bytes(at: pointer, count: UInt32(part.readableBytes))
                        part.withUnsafeReadableBytes { source in if !source.isEmpty { target.copyMemory(from: source) } }
                        try instance.store(UInt32(part.readableBytes), at: result)
                        return 0
                    }
                }
            }
        },
    ]
}
