import MechaCore
import MechaWasm
import NIOCore

/// `wasi:io`: errors, readiness, streams.
extension WASIPreview2 {
    static let error = ComponentInterface(
        functions: [
            "[method]error.to-debug-string": .immediate { call in .string(try call.object(0, as: GuestStreamError.self).message) }
        ], resources: ["error": Kind.error])

    /// Pollables that one call waits for.
    private static let pollablesAtMost = 1_000

    static let poll = ComponentInterface(
        functions: [
            "[method]pollable.ready": .immediate { call in
                .bool(try call.object(0, as: GuestPollable.self).isReady(call.guest().context.runtime.host.clock))
            },
            "[method]pollable.block": .suspending { call in
                let pollable: GuestPollable = try call.object(0)
                return wait([pollable], call) { nil }
            },
            "poll": .suspending { call in
                let list = try call[0].list
                guard !list.isEmpty, list.count <= pollablesAtMost else {
                    throw ComponentTypeError("list of 1 to \(pollablesAtMost) pollables")
                }
                let pollables = try list.map { try call.instance.object(try $0.handle, as: GuestPollable.self) }
                let clock = call.guest().context.runtime.host.clock
                return wait(pollables, call) {
                    .list(pollables.indices.filter { pollables[$0].isReady(clock) }.map { .u32(UInt32($0)) })
                }
            },
        ], resources: ["pollable": Kind.pollable])

    private static func wait(
        _ pollables: [GuestPollable], _ call: ComponentCall, _ result: @escaping @Sendable () -> ComponentValue?
    ) -> ComponentReply {
        let clock = call.guest().context.runtime.host.clock
        if pollables.contains(where: { $0.isReady(clock) }) { return .now(result()) }
        return .later {
            await GuestPollable.wait(for: pollables, clock)
            return { _ in result() }
        }
    }

    // MARK: - Streams

    static let streams = ComponentInterface(
        functions: [
            "[method]input-stream.read": .suspending { call in try read(call) { .bytes($0) } },
            "[method]input-stream.blocking-read": .suspending { call in try read(call) { .bytes($0) } },
            "[method]input-stream.skip": .suspending { call in try read(call) { .u64(UInt64($0.readableBytes)) } },
            "[method]input-stream.blocking-skip": .suspending { call in try read(call) { .u64(UInt64($0.readableBytes)) } },
            "[method]input-stream.subscribe": .immediate { call in try call.give(GuestPollable(.ready), Kind.pollable) },
            "[method]output-stream.check-write": .immediate { _ in .ok(.u64(UInt64(GuestOutputStream.permittedBytes))) },
            "[method]output-stream.write": .suspending { call in try write(call, try call[1].bytes) },
            "[method]output-stream.blocking-write-and-flush": .suspending { call in try write(call, try call[1].bytes) },
            "[method]output-stream.write-zeroes": .suspending { call in try write(call, try zeroes(call[1].number)) },
            "[method]output-stream.blocking-write-zeroes-and-flush": .suspending { call in try write(call, try zeroes(call[1].number)) },
            "[method]output-stream.flush": .immediate { _ in .ok(nil) },
            "[method]output-stream.blocking-flush": .immediate { _ in .ok(nil) },
            "[method]output-stream.subscribe": .immediate { call in try call.give(GuestPollable(.ready), Kind.pollable) },
            "[method]output-stream.splice": .suspending { call in try splice(call) },
            "[method]output-stream.blocking-splice": .suspending { call in try splice(call) },
        ], resources: streamResources)

    private static func zeroes(_ count: UInt64) throws -> ByteBuffer {
        guard count <= UInt64(GuestOutputStream.permittedBytes) else {
            throw ComponentTypeError("number of bytes that check-write permits")
        }
        return ByteBuffer(repeating: 0, count: Int(count))
    }

    private static func read(_ call: ComponentCall, _ value: @escaping @Sendable (ByteBuffer) -> ComponentValue) throws -> ComponentReply {
        let stream: GuestInputStream = try call.object(0)
        let count = Int(clamping: min(try call[1].number, UInt64(GuestInputStream.chunkBytesAtMost)))
        switch stream.read(count) {
        case .bytes(let bytes): return .now(.ok(value(bytes)))
        case .closed: return .now(.failure(.variant("closed", nil)))
        case .file(let file, let offset):
            return .later {
                let outcome = await GuestFileWork.run { () throws(GuestFileError) in try file.read(count, at: offset) }
                return { instance in
                    switch outcome {
                    case .success(let bytes) where bytes.readableBytes == 0 && count > 0:
                        stream.close()
                        return .failure(.variant("closed", nil))
                    case .success(let bytes):
                        stream.advance(bytes.readableBytes)
                        return .ok(value(bytes))
                    case .failure(let error):
                        stream.close()
                        return try failed(error, in: instance)
                    }
                }
            }
        }
    }

    private static func write(_ call: ComponentCall, _ bytes: ByteBuffer) throws -> ComponentReply {
        let stream: GuestOutputStream = try call.object(0)
        return try write(bytes, to: stream, call.guest()) { _ in nil }
    }

    private static func write(
        _ bytes: ByteBuffer, to stream: GuestOutputStream, _ guest: ComponentGuest, _ value: @escaping @Sendable (Int) -> ComponentValue?
    ) throws -> ComponentReply {
        guard bytes.readableBytes <= GuestOutputStream.permittedBytes else {
            throw ComponentTypeError("list of as many bytes as check-write permits (\(GuestOutputStream.permittedBytes))")
        }
        guard let (file, offset) = try stream.write(bytes, guest) else { return .now(.ok(value(bytes.readableBytes))) }
        return .later {
            let outcome = await GuestFileWork.run { () throws(GuestFileError) in
                var (rest, position) = (bytes, offset)
                while rest.readableBytes > 0 {
                    let written = try file.write(rest, at: position)
                    rest.moveReaderIndex(forwardBy: written)
                    position = position.map { $0 + UInt64(written) }
                }
            }
            return { instance in
                switch outcome {
                case .success:
                    stream.advance(bytes.readableBytes)
                    return .ok(value(bytes.readableBytes))
                case .failure(let error): return try failed(error, in: instance)
                }
            }
        }
    }

    private static func splice(_ call: ComponentCall) throws -> ComponentReply {
        let target: GuestOutputStream = try call.object(0)
        let source: GuestInputStream = try call.object(1)
        let count = Int(clamping: min(try call[2].number, UInt64(GuestOutputStream.permittedBytes)))
        switch source.read(count) {
        case .bytes(let bytes): return try write(bytes, to: target, call.guest()) { .u64(UInt64($0)) }
        case .closed: return .now(.failure(.variant("closed", nil)))
        case .file: return .now(try failed(.unsupported, in: call.instance))
        }
    }

    private static func failed(_ error: GuestFileError, in instance: ComponentInstance) throws -> ComponentValue {
        let handle = try instance.keep(GuestStreamError("\(error)", file: error), as: Kind.error)
        return .failure(.variant("last-operation-failed", .resource(handle)))
    }
}
