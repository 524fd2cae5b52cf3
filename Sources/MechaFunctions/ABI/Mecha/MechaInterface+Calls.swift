import MechaHost
import MechaWasm
import NIOCore

extension MechaInterface {
    /// Reads the arguments of one call in their order.
    struct Arguments {
        let call: WasmCaller
        private var index = 0

        init(_ call: WasmCaller) { self.call = call }

        mutating func number() -> UInt32 {
            defer { index += 1 }
            return call[index]
        }

        /// A text: a pointer and a length.
        mutating func text() throws(WasmMemoryError) -> String {
            defer { index += 2 }
            return try call.instance.string(at: call[index], count: call[index + 1])
        }

        mutating func bytes() throws(WasmMemoryError) -> ByteBuffer {
            defer { index += 2 }
            let bytes = try call.instance.bytes(at: call[index], count: call[index + 1])
            // Attributes mostly are none, and need no memory then.
            return bytes.isEmpty ? ByteBuffer() : ByteBuffer(bytes: bytes)
        }

        /// Where a result goes: a pointer and how many bytes fit there. Checked before anything is done.
        mutating func output() throws(WasmMemoryError) -> (pointer: UInt32, capacity: UInt32) {
            defer { index += 2 }
            _ = try call.instance.bytes(at: call[index], count: call[index + 1])
            return (call[index], call[index + 1])
        }
    }

    /// A function that answers at once: a length, or a status.
    static func immediate(
        _ name: String, _ parameters: Int, _ body: @escaping @Sendable (MechaGuest, inout Arguments) throws -> Int32
    ) -> WasmHostFunction {
        WasmHostFunction(module, name, Array(repeating: .i32, count: parameters)) { call in
            let guest: MechaGuest = call.guest()
            var arguments = Arguments(call)
            do {
                return Int64(try body(guest, &arguments))
            } catch let failure as GuestFailure {
                return Int64(guest.deliver(failure))
            }
        }
    }

    typealias Operation = @Sendable (AppRuntime) async throws -> GuestResult

    /// A function that leaves the instance.
    ///
    /// - Parameters:
    ///   - parameters: numbers that it takes, without the two of a result's place.
    ///   - hasOutput: whether it takes the place for a result as its last two.
    ///   - body: reads the arguments, checks the grant, and says what to do; that must not touch the guest.
    static func outbound(
        _ name: String, _ parameters: Int, hasOutput: Bool,
        _ body: @escaping @Sendable (MechaGuest, inout Arguments) throws -> Operation
    ) -> WasmHostFunction {
        let types = [WasmType](repeating: .i32, count: parameters + (hasOutput ? 2 : 0))
        return WasmHostFunction(suspending: module, name, types) { call in
            let guest: MechaGuest = call.guest()
            var arguments = Arguments(call)
            try guest.countOutboundCall()
            do {
                let operation = try body(guest, &arguments)
                let output = hasOutput ? try arguments.output() : (pointer: 0, capacity: 0)
                let runtime = guest.context.runtime
                return .later {
                    let outcome: Result<GuestResult, GuestFailure>
                    do {
                        outcome = .success(try await operation(runtime))
                    } catch {
                        outcome = .failure(GuestFailure(error))
                    }
                    return { instance in
                        let guest: MechaGuest = Guest.of(instance)
                        switch outcome {
                        case .success(let result):
                            return try guest.deliver(result, at: output.pointer, capacity: output.capacity)
                        case .failure(let failure): return guest.deliver(failure)
                        }
                    }
                }
            } catch let failure as GuestFailure {
                return .now(guest.deliver(failure))
            }
        }
    }

    static func require(_ isGranted: Bool, _ what: String, _ name: String) throws(GuestFailure) {
        guard isGranted else { throw GuestFailure(.denied, "the \(what) \(name) is not granted to the function") }
    }
}
