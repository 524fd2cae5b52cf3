import MechaCore
import MechaWasm
import NIOCore

/// Clocks, randomness, the command line, and the network that there is not.
extension WASIPreview2 {
    // MARK: - Clocks: without the grant they stand still

    static let monotonicClock = ComponentInterface(
        functions: [
            "now": .immediate { call in .u64(monotonic(call)) },
            "resolution": .immediate { _ in .u64(1) },
            "subscribe-instant": .immediate { call in
                try requireClock(call)
                return try call.give(GuestPollable(.time(try call[0].number)), Kind.pollable)
            },
            "subscribe-duration": .immediate { call in
                try requireClock(call)
                let (time, isLate) = monotonic(call).addingReportingOverflow(try call[0].number)
                return try call.give(GuestPollable(.time(isLate ? .max : time)), Kind.pollable)
            },
        ], resources: ["pollable": Kind.pollable])

    private static func monotonic(_ call: ComponentCall) -> UInt64 {
        let context = call.guest().context
        return context.grants.clock ? context.runtime.host.clock.monotonicNanoseconds() : 0
    }

    private static func requireClock(_ call: ComponentCall) throws(FunctionError) {
        guard call.guest().context.grants.clock else {
            throw FunctionError(.failed, "the function waits for a clock without the grant `clock`")
        }
    }

    static let wallClock = ComponentInterface(functions: [
        "now": .immediate { call in
            let context = call.guest().context
            guard context.grants.clock else { return datetime(0, 0) }
            let now = context.runtime.host.clock.now()
            return datetime(UInt64(max(0, now.seconds)), UInt32(now.nanoseconds))
        },
        "resolution": .immediate { _ in datetime(0, 1) },
    ])

    static func datetime(_ seconds: UInt64, _ nanoseconds: UInt32) -> ComponentValue {
        .record([("seconds", .u64(seconds)), ("nanoseconds", .u32(nanoseconds))])
    }

    // MARK: - Randomness

    /// Bytes of one call.
    private static let randomBytesAtMost: UInt64 = 64 << 10

    static let random = ComponentInterface(functions: [
        "get-random-bytes": .immediate { call in try randomBytes(call) },
        "get-random-u64": .immediate { call in try randomNumber(call) },
    ])
    static let insecureRandom = ComponentInterface(functions: [
        "get-insecure-random-bytes": .immediate { call in try randomBytes(call) },
        "get-insecure-random-u64": .immediate { call in try randomNumber(call) },
    ])
    static let insecureSeed = ComponentInterface(functions: [
        "insecure-seed": .immediate { call in .tuple([try randomNumber(call), try randomNumber(call)]) }
    ])

    private static func requireRandom(_ call: ComponentCall) throws(FunctionError) {
        guard call.guest().context.grants.random else {
            throw FunctionError(.failed, "the function asks for random bytes without the grant `random`")
        }
    }

    private static func randomBytes(_ call: ComponentCall) throws -> ComponentValue {
        try requireRandom(call)
        let count = try call[0].number
        guard count <= randomBytesAtMost else {
            throw FunctionError(.failed, "the function asks for \(count) random bytes at a time; at most \(randomBytesAtMost) are given")
        }
        var bytes = ByteBuffer()
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(count)) { target in
            SystemRandomness.fill(UnsafeMutableRawBufferPointer(rebasing: target[..<Int(count)]))
            return Int(count)
        }
        return .bytes(bytes)
    }

    private static func randomNumber(_ call: ComponentCall) throws -> ComponentValue {
        try requireRandom(call)
        var generator = SystemRandomNumberGenerator()
        return .u64(generator.next())
    }

    // MARK: - Command line

    static let environment = ComponentInterface(functions: [
        "get-environment": .immediate { call in ComponentValue(pairs: call.guest().context.environment) },
        "get-arguments": .immediate { call in .list(call.guest().context.grants.arguments.map { .string($0) }) },
        "initial-cwd": .immediate { _ in .option(nil) },
    ])

    static let exit = ComponentInterface(functions: [
        "exit": .immediate { call in
            if case .ok = try call[0] { throw WASIExit(code: 0) }
            throw WASIExit(code: 1)
        },
        "exit-with-code": .immediate { call in throw WASIExit(code: Int32(clamping: try call[0].number)) },
    ])

    static let standardInput = ComponentInterface(
        functions: ["get-stdin": .immediate { call in try call.give(GuestInputStream(ByteBuffer()), Kind.inputStream) }],
        resources: streamResources)
    static let standardOutput = ComponentInterface(
        functions: ["get-stdout": .immediate { call in try call.give(output(1, call), Kind.outputStream) }], resources: streamResources)
    static let standardError = ComponentInterface(
        functions: ["get-stderr": .immediate { call in try call.give(output(2, call), Kind.outputStream) }], resources: streamResources)

    private static func output(_ descriptor: UInt32, _ call: ComponentCall) -> GuestOutputStream {
        call.guest().context.grants.stdout ? GuestOutputStream(log: descriptor) : GuestOutputStream()
    }

    /// There is none.
    static let terminal = ComponentInterface(
        functions: Dictionary(
            uniqueKeysWithValues: ["stdin", "stdout", "stderr"].map { ("get-terminal-\($0)", .immediate { _ in .option(nil) }) }),
        resources: ["terminal-input": Kind.none, "terminal-output": Kind.none])

    // MARK: - Network: closed

    static let sockets = ComponentInterface(
        functions: closedSockets.merging([
            "instance-network": .immediate { call in try call.give(ClosedNetwork(), Kind.network) },
            "create-tcp-socket": denied, "create-udp-socket": denied, "resolve-addresses": denied,
            "network-error-code": .immediate { _ in .option(nil) },
        ]) { $1 },
        resources: streamResources.merging([
            "network": Kind.network, "tcp-socket": Kind.none, "udp-socket": Kind.none, "incoming-datagram-stream": Kind.none,
            "outgoing-datagram-stream": Kind.none, "resolve-address-stream": Kind.none,
        ]) { $1 })

    private static let denied = ComponentFunction.immediate { _ in .failure(.enumeration("access-denied")) }

    private final class ClosedNetwork: Sendable {}

    /// Functions of resources that no guest ever gets, so none of them is ever called with one.
    private static let closedSockets: [String: ComponentFunction] = {
        let socket = [
            "local-address", "remote-address", "receive-buffer-size", "set-receive-buffer-size", "send-buffer-size",
            "set-send-buffer-size", "start-bind", "finish-bind", "subscribe",
        ]
        let methods: [String: [String]] = [
            "tcp-socket": socket + [
                "start-connect", "finish-connect", "start-listen", "finish-listen", "accept", "is-listening", "address-family",
                "set-listen-backlog-size", "keep-alive-enabled", "set-keep-alive-enabled", "keep-alive-idle-time",
                "set-keep-alive-idle-time", "keep-alive-interval", "set-keep-alive-interval", "keep-alive-count", "set-keep-alive-count",
                "hop-limit", "set-hop-limit", "shutdown",
            ],
            "udp-socket": socket + ["stream", "address-family", "unicast-hop-limit", "set-unicast-hop-limit"],
            "incoming-datagram-stream": ["receive", "subscribe"],
            "outgoing-datagram-stream": ["check-send", "send", "subscribe"],
            "resolve-address-stream": ["resolve-next-address", "subscribe"],
        ]
        var functions: [String: ComponentFunction] = [:]
        for (resource, names) in methods {
            for name in names {
                functions["[method]\(resource).\(name)"] = .immediate { _ in
                    throw FunctionError(.failed, "functions have no sockets: \(resource).\(name)")
                }
            }
        }
        return functions
    }()
}
