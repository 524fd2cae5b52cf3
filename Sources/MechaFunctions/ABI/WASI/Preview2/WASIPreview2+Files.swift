import MechaWasm
import NIOCore

/// `wasi:filesystem`: granted folders, see ``GuestFile``.
extension WASIPreview2 {
    static let preopens = ComponentInterface(
        functions: [
            "get-directories": .immediate { call in
                .list(
                    try call.guest().context.folders.map { path, folder in
                        .tuple([try call.give(folder, Kind.descriptor), .string(path)])
                    })
            }
        ], resources: ["descriptor": Kind.descriptor])

    /// The entries of a folder as they were when it was opened.
    private final class Entries: @unchecked Sendable {
        var rest: ArraySlice<GuestFile.Entry>

        init(_ entries: [GuestFile.Entry]) { rest = entries[...] }
    }

    static let filesystem = ComponentInterface(
        functions: [
            "[method]descriptor.read-via-stream": .immediate { call in
                let file: GuestFile = try call.object(0)
                guard file.access.reads, !file.isFolder else { return denied("bad-descriptor") }
                return .ok(try call.give(GuestInputStream(file, at: try call[1].number), Kind.inputStream))
            },
            "[method]descriptor.write-via-stream": .immediate { call in
                let file: GuestFile = try call.object(0)
                guard file.access.writes, !file.isFolder else { return denied("bad-descriptor") }
                return .ok(try call.give(GuestOutputStream(file, at: try call[1].number), Kind.outputStream))
            },
            "[method]descriptor.append-via-stream": .immediate { call in
                let file: GuestFile = try call.object(0)
                guard file.access.writes, !file.isFolder else { return denied("bad-descriptor") }
                return .ok(try call.give(GuestOutputStream(file, at: nil), Kind.outputStream))
            },
            "[method]descriptor.advise": .immediate { _ in .ok(nil) },
            "[method]descriptor.sync-data": work { file, _ in
                { () throws(GuestFileError) in
                    try file.sync()
                    return nil
                }
            },
            "[method]descriptor.sync": work { file, _ in
                { () throws(GuestFileError) in
                    try file.sync()
                    return nil
                }
            },
            "[method]descriptor.get-flags": .immediate { call in
                let file: GuestFile = try call.object(0)
                var flags: [String] = []
                if file.access.reads || file.isFolder { flags.append("read") }
                if file.access.writes { flags.append("write") }
                if file.isFolder, file.isWritable { flags.append("mutate-directory") }
                return .ok(.flags(flags))
            },
            "[method]descriptor.get-type": .immediate { call in
                .ok(.enumeration(try call.object(0, as: GuestFile.self).isFolder ? "directory" : "regular-file"))
            },
            "[method]descriptor.set-size": work { file, call in
                let size = try call[1].number
                return { () throws(GuestFileError) in
                    try file.setSize(size)
                    return nil
                }
            },
            "[method]descriptor.set-times": work { file, call in
                let times = GuestFileTimes(read: try time(call[1]), modified: try time(call[2]))
                return { () throws(GuestFileError) in
                    try file.setTimes(times)
                    return nil
                }
            },
            "[method]descriptor.set-times-at": work { file, call in
                let (path, times) = (try call[2].string, GuestFileTimes(read: try time(call[3]), modified: try time(call[4])))
                return { () throws(GuestFileError) in
                    try file.setTimes(of: path, times)
                    return nil
                }
            },
            "[method]descriptor.read": work { file, call in
                let (count, offset) = (
                    Int(clamping: min(try call[1].number, UInt64(GuestInputStream.chunkBytesAtMost))), try call[2].number
                )
                return { () throws(GuestFileError) in
                    let bytes = try file.read(count, at: offset)
                    return .tuple([.bytes(bytes), .bool(bytes.readableBytes == 0 && count > 0)])
                }
            },
            "[method]descriptor.write": work { file, call in
                let (bytes, offset) = (try call[1].bytes, try call[2].number)
                return { () throws(GuestFileError) in .u64(UInt64(try file.write(bytes, at: offset))) }
            },
            "[method]descriptor.read-directory": .suspending { call in
                let file: GuestFile = try call.object(0)
                return .later {
                    let outcome = await GuestFileWork.run { () throws(GuestFileError) in try file.entries() }
                    return { instance in
                        switch outcome {
                        case .success(let entries):
                            return .ok(.resource(try instance.keep(Entries(entries), as: Kind.directoryStream)))
                        case .failure(let error): return denied(error.preview2)
                        }
                    }
                }
            },
            "[method]directory-entry-stream.read-directory-entry": .immediate { call in
                let entries: Entries = try call.object(0)
                guard let entry = entries.rest.popFirst() else { return .ok(.option(nil)) }
                return .ok(.option(.record([("type", .enumeration(entry.kind.preview2)), ("name", .string(entry.name))])))
            },
            "[method]descriptor.create-directory-at": work { file, call in
                let path = try call[1].string
                return { () throws(GuestFileError) in
                    try file.makeFolder(path)
                    return nil
                }
            },
            "[method]descriptor.stat": work { file, _ in { () throws(GuestFileError) in value(try file.state()) } },
            "[method]descriptor.stat-at": work { file, call in
                let path = try call[2].string
                return { () throws(GuestFileError) in value(try file.state(of: path)) }
            },
            "[method]descriptor.link-at": .immediate { _ in denied("not-permitted") },
            "[method]descriptor.symlink-at": .immediate { _ in denied("not-permitted") },
            "[method]descriptor.open-at": .suspending { call in
                let file: GuestFile = try call.object(0)
                let (path, flags, rights) = (try call[2].string, try call[3].flags, try call[4].flags)
                let how = GuestFile.Opening(
                    creates: flags.contains("create"), isExclusive: flags.contains("exclusive"), truncates: flags.contains("truncate"),
                    wantsFolder: flags.contains("directory"),
                    access: .init(reads: rights.contains("read") || !rights.contains("write"), writes: rights.contains("write")))
                let count = call.guest().files
                return .later {
                    let outcome = await GuestFileWork.run { () throws(GuestFileError) in try file.open(path, how, count: count) }
                    return { instance in
                        switch outcome {
                        case .success(let opened): return .ok(.resource(try instance.keep(opened, as: Kind.descriptor)))
                        case .failure(let error): return denied(error.preview2)
                        }
                    }
                }
            },
            "[method]descriptor.readlink-at": work { file, call in
                let path = try call[1].string
                return { () throws(GuestFileError) in .string(try file.link(path)) }
            },
            "[method]descriptor.remove-directory-at": work { file, call in
                let path = try call[1].string
                return { () throws(GuestFileError) in
                    try file.removeFolder(path)
                    return nil
                }
            },
            "[method]descriptor.rename-at": work { file, call in
                let (path, other, newPath) = (try call[1].string, try call.object(2, as: GuestFile.self), try call[3].string)
                return { () throws(GuestFileError) in
                    try file.rename(path, to: other, newPath)
                    return nil
                }
            },
            "[method]descriptor.unlink-file-at": work { file, call in
                let path = try call[1].string
                return { () throws(GuestFileError) in
                    try file.removeFile(path)
                    return nil
                }
            },
            "[method]descriptor.is-same-object": .immediate { call in
                let (one, other) = (try call.object(0, as: GuestFile.self), try call.object(1, as: GuestFile.self))
                return .bool(one === other || (try? one.state().number) == (try? other.state().number))
            },
            "[method]descriptor.metadata-hash": work { file, _ in { () throws(GuestFileError) in hash(try file.state()) } },
            "[method]descriptor.metadata-hash-at": work { file, call in
                let path = try call[2].string
                return { () throws(GuestFileError) in hash(try file.state(of: path)) }
            },
            "filesystem-error-code": .immediate { call in
                .option(try call.object(0, as: GuestStreamError.self).file.map { .enumeration($0.preview2) })
            },
        ],
        resources: streamResources.merging(["descriptor": Kind.descriptor, "directory-entry-stream": Kind.directoryStream]) { $1 })

    private typealias Work = @Sendable () throws(GuestFileError) -> ComponentValue?

    /// A function of a descriptor that blocks: reads its arguments, and says what to do away from the loop.
    private static func work(_ body: @escaping @Sendable (GuestFile, ComponentCall) throws -> Work) -> ComponentFunction {
        .suspending { call in
            let work = try body(try call.object(0), call)
            return .later {
                let outcome = await GuestFileWork.run(work)
                return { _ in
                    switch outcome {
                    case .success(let value): .ok(value)
                    case .failure(let error): denied(error.preview2)
                    }
                }
            }
        }
    }

    private static func denied(_ code: String) -> ComponentValue { .failure(.enumeration(code)) }

    private static func time(_ value: ComponentValue) throws -> GuestFileTimes.Value? {
        let (name, payload) = try value.variant
        switch name {
        case "no-change": return nil
        case "now": return .now
        default:
            guard let payload else { throw ComponentTypeError("timestamp") }
            return .time(
                seconds: Int(clamping: try payload.field("seconds").number),
                nanoseconds: Int(clamping: try payload.field("nanoseconds").number))
        }
    }

    private static func value(_ state: GuestFileState) -> ComponentValue {
        func time(_ time: GuestFileState.Time) -> ComponentValue { .option(datetime(time.seconds, time.nanoseconds)) }
        return .record([
            ("type", .enumeration(state.kind.preview2)), ("link-count", .u64(state.links)), ("size", .u64(state.bytes)),
            ("data-access-timestamp", time(state.read)), ("data-modification-timestamp", time(state.modified)),
            ("status-change-timestamp", time(state.changed)),
        ])
    }

    private static func hash(_ state: GuestFileState) -> ComponentValue {
        .record([("lower", .u64(state.number)), ("upper", .u64(state.modified.total ^ state.bytes))])
    }
}
