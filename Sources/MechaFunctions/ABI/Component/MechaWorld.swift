import Logging
import MechaCore
import MechaHost
import MechaWasm
import NIOCore

/// The interfaces of the WIT package `mecha:function` (guests/wit/function.wit): what core modules have in the module
/// `mecha`, for components.
enum MechaWorld {
    static let handler = "mecha:function/handler"
    static let life = "mecha:function/life"

    static let interfaces: [String: ComponentInterface] = [
        "mecha:function/types": ComponentInterface(),
        "mecha:function/system": system, "mecha:function/clock": clock, "mecha:function/random": random,
        "mecha:function/state": state, "mecha:function/pubsub": pubsub, "mecha:function/invocation": invocation,
        "mecha:function/bindings": bindings, "mecha:function/secrets": secrets,
        "mecha:function/configuration": planned(["get"]), "mecha:function/locks": planned(["lock", "unlock"]),
        "mecha:function/ids": planned(["next"]), "mecha:function/files": planned(["get", "put", "delete", "list", "stat"]),
    ]

    /// Whether `revision` may import `wanted`.
    static func check(_ wanted: WasmComponent.Interface, for revision: FunctionRevision) throws(FunctionError) {
        let grants = revision.grants
        let (isGranted, grant): (Bool, String) =
            switch wanted.plainName.dropFirst("mecha:function/".count) {
            case "state": (!grants.state.isEmpty, "state")
            case "pubsub": (!grants.pubsub.isEmpty, "pubsub")
            case "invocation": (!grants.invoke.isEmpty, "invoke")
            case "bindings": (!grants.bindings.isEmpty, "bindings")
            case "secrets": (!grants.secrets.isEmpty, "secrets")
            case "configuration": (!grants.configuration.isEmpty, "configuration")
            case "locks": (!grants.locks.isEmpty, "locks")
            case "clock": (grants.clock, "clock")
            case "random": (grants.random, "random")
            default: (true, "")
            }
        guard isGranted else {
            throw FunctionError(.missingImport, "the component imports \(wanted.name), which needs the grant `\(grant)`")
        }
    }

    // MARK: - System

    private static let system = ComponentInterface(functions: [
        "log": .immediate { call in
            let (level, text) = (try call[0].variant.name, try call[1].string)
            call.guest().log(Logger.Level(rawValue: level) ?? .info, text, bytes: text.utf8.count)
            return nil
        },
        "settings": .immediate { call in .string(call.guest().context.revision.configuration) },
        "variable": .immediate { call in
            let name = try call[0].string
            return .option(call.guest().context.environment.first { $0.name == name }.map { .string($0.value) })
        },
    ])

    private static let sleepMillisecondsAtMost: UInt64 = 3_600_000

    private static let clock = ComponentInterface(functions: [
        "time": .immediate { call in
            let now = call.guest().context.runtime.host.clock.now()
            return .u64(UInt64(bitPattern: now.seconds) &* 1_000_000_000 &+ UInt64(now.nanoseconds))
        },
        "monotonic": .immediate { call in .u64(call.guest().context.runtime.host.clock.monotonicNanoseconds()) },
        "sleep": .suspending { call in
            let (clock, milliseconds) = (call.guest().context.runtime.host.clock, min(try call[0].number, sleepMillisecondsAtMost))
            return .later {
                try? await clock.sleep(for: .milliseconds(Int64(milliseconds)))
                return { _ in nil }
            }
        },
    ])

    private static let random = ComponentInterface(functions: [
        "bytes": .immediate { call in
            let count = Int(min(try call[0].number, 64 << 10))
            var bytes = ByteBuffer()
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
                SystemRandomness.fill(UnsafeMutableRawBufferPointer(rebasing: target[..<count]))
                return count
            }
            return .bytes(bytes)
        }
    ])

    // MARK: - Calls that leave the instance

    typealias Operation = @Sendable (AppRuntime) async throws -> ComponentValue?

    /// - Parameter body: reads the arguments, checks the grant, and says what to do; that must not touch the guest.
    static func outbound(_ body: @escaping @Sendable (ComponentGuest, ComponentCall) throws -> Operation) -> ComponentFunction {
        .suspending { call in
            let guest: ComponentGuest = call.guest()
            try guest.countOutboundCall()
            do {
                let operation = try body(guest, call)
                let runtime = guest.context.runtime
                return .later {
                    let outcome: ComponentValue
                    do {
                        outcome = .ok(try await operation(runtime))
                    } catch {
                        outcome = .failure(value(of: GuestFailure(error)))
                    }
                    return { _ in outcome }
                }
            } catch let failure as GuestFailure {
                return .now(.failure(value(of: failure)))
            }
        }
    }

    static func require(_ isGranted: Bool, _ what: String, _ name: String) throws(GuestFailure) {
        try MechaInterface.require(isGranted, what, name)
    }

    static func value(of failure: GuestFailure) -> ComponentValue {
        let code =
            switch failure.status {
            case .notFound: "not-found"
            case .invalid: "invalid"
            case .denied: "denied"
            case .unimplemented: "unimplemented"
            case .conflict: "conflict"
            case .unavailable: "unavailable"
            case .timeout: "timeout"
            case .limit: "limit"
            case .failed: "failed"
            }
        return .record([("code", .enumeration(code)), ("message", .string(failure.message))])
    }

    /// Names and values, the later of two of one name.
    static func attributes(_ value: ComponentValue) throws -> [String: String] {
        Dictionary(try value.pairs.map { ($0.name, $0.value) }) { $1 }
    }

    /// Capabilities that have their place in the world and no provider yet.
    private static func planned(_ names: [String]) -> ComponentInterface {
        ComponentInterface(
            functions: Dictionary(
                uniqueKeysWithValues: names.map { name in
                    (name, outbound { _, _ in throw GuestFailure(.unimplemented, "\(name) is not available in this version") })
                }))
    }
}
