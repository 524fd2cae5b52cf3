import Logging
import MechaCore
import MechaWasm
import NIOCore

/// Log, clocks, randomness, settings.
extension MechaInterface {
    /// Longest sleep, in milliseconds; the call's own time ends it earlier.
    private static let sleepMillisecondsAtMost: UInt32 = 3_600_000

    static var systemFunctions: [WasmHostFunction] {
        [
            WasmHostFunction(module, "log", [.i32, .i32, .i32], []) { call in
                let guest: MechaGuest = call.guest()
                let bytes = try call.instance.bytes(at: call[1], count: call[2])
                guest.log(Logger.Level(guest: call[0]), String(decoding: bytes, as: UTF8.self), bytes: bytes.count)
                return 0
            },
            WasmHostFunction(module, "time", [], [.i64]) { call in
                let guest: MechaGuest = call.guest()
                let now = guest.context.runtime.host.clock.now()
                return now.seconds &* 1_000_000_000 &+ Int64(now.nanoseconds)
            },
            WasmHostFunction(module, "monotonic", [], [.i64]) { call in
                let guest: MechaGuest = call.guest()
                return Int64(truncatingIfNeeded: guest.context.runtime.host.clock.monotonicNanoseconds())
            },
            immediate("random", 2) { guest, arguments in
                let output = try arguments.output()
                let target = try guest.instance.bytes(at: output.pointer, count: output.capacity)
                SystemRandomness.fill(target)
                return Int32(truncatingIfNeeded: target.count)
            },
            outbound("sleep", 1, hasOutput: false) { guest, arguments in
                let milliseconds = min(arguments.number(), sleepMillisecondsAtMost)
                let clock = guest.context.runtime.host.clock
                return { _ in
                    try await clock.sleep(for: .milliseconds(milliseconds))
                    return GuestResult()
                }
            },
            immediate("settings", 2) { guest, arguments in
                let output = try arguments.output()
                return try guest.copy(
                    ByteBuffer(string: guest.context.revision.configuration), at: output.pointer, capacity: output.capacity)
            },
            immediate("variable", 4) { guest, arguments in
                let name = try arguments.text()
                let output = try arguments.output()
                guard let variable = guest.context.environment.first(where: { $0.name == name }) else {
                    return GuestStatus.notFound.rawValue
                }
                return try guest.copy(ByteBuffer(string: variable.value), at: output.pointer, capacity: output.capacity)
            },
        ]
    }

    /// Capabilities that have their place in the interface and no provider yet.
    static var plannedFunctions: [WasmHostFunction] {
        [
            ("configuration_get", 6, true), ("lock", 7, false), ("unlock", 6, false), ("id_next", 6, true),
            ("file_get", 6, true), ("file_put", 8, false), ("file_delete", 6, false), ("file_list", 6, true), ("file_stat", 6, true),
        ].map { name, parameters, hasOutput in
            outbound(name, parameters, hasOutput: hasOutput) { _, arguments in
                // Wrong pointers are wrong also where nothing is done with them.
                for _ in 0..<parameters / 2 { _ = try arguments.bytes() }
                if parameters % 2 == 1 { _ = arguments.number() }
                if hasOutput { _ = try arguments.output() }
                throw GuestFailure(.unimplemented, "\(name) is not available in this version")
            }
        }
    }
}
