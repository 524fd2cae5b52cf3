import Logging
import MechaCore
import MechaWasm
import NIOCore

/// Log, clock, timers, contexts.
extension ProxyWasmInterface {
    /// Shortest time between two calls of a timer, in milliseconds.
    private static let tickMillisecondsAtLeast: UInt32 = 10

    static var systemFunctions: [WasmHostFunction] {
        [
            function("proxy_log", 3) { guest, call in
                guard call[0] <= 5 else { return .badArgument }
                let bytes = try call.instance.bytes(at: call[1], count: call[2])
                guest.log(Logger.Level(guest: call[0]), String(decoding: bytes, as: UTF8.self), bytes: bytes.count)
                return .ok
            },
            function("proxy_get_log_level", 1) { guest, call in
                let level: UInt32 =
                    switch guest.context.logger.logLevel {
                    case .trace: 0
                    case .debug: 1
                    case .info, .notice: 2
                    case .warning: 3
                    case .error: 4
                    case .critical: 5
                    }
                try call.instance.store(level, at: call[0])
                return .ok
            },
            function("proxy_get_current_time_nanoseconds", 1) { guest, call in
                let now = guest.context.runtime.host.clock.now()
                try call.instance.store(
                    UInt64(bitPattern: now.seconds) &* 1_000_000_000 &+ UInt64(now.nanoseconds), at: call[0])
                return .ok
            },
            function("proxy_set_tick_period_milliseconds", 1) { guest, call in
                guest.tickMilliseconds = call[0] == 0 ? nil : Int(max(call[0], tickMillisecondsAtLeast))
                return .ok
            },
            function("proxy_set_effective_context", 1) { guest, call in
                guard guest.isContext(call.int32(0)) else { return .badArgument }
                guest.effectiveContext = call.int32(0)
                return .ok
            },
            function("proxy_done", 0) { guest, _ in guest.finishPendingContext() ? .ok : .notFound },
            // A name of 0.1.0, which means the machine's configuration while that starts; here it has none.
            function("proxy_get_configuration", 2) { guest, call in
                let text = guest.isMachineStarting ? "" : guest.context.revision.configuration
                try guest.give(ByteBuffer(string: text), pointer: call[0], count: call[1])
                return .ok
            },
        ]
    }
}
