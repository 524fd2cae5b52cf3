import MechaWasm

/// WASI 0.2 as far as functions may have it. Each part is granted by itself; what is not is refused when the function is
/// deployed, or, with the grant `wasi`, is there and closed.
enum WASIPreview2 {
    static let interfaces: [String: ComponentInterface] = [
        "wasi:io/error": error, "wasi:io/poll": poll, "wasi:io/streams": streams,
        "wasi:clocks/monotonic-clock": monotonicClock, "wasi:clocks/wall-clock": wallClock,
        "wasi:random/random": random, "wasi:random/insecure": insecureRandom, "wasi:random/insecure-seed": insecureSeed,
        "wasi:cli/environment": environment, "wasi:cli/exit": exit,
        "wasi:cli/stdin": standardInput, "wasi:cli/stdout": standardOutput, "wasi:cli/stderr": standardError,
        "wasi:cli/terminal-input": terminal, "wasi:cli/terminal-output": terminal, "wasi:cli/terminal-stdin": terminal,
        "wasi:cli/terminal-stdout": terminal, "wasi:cli/terminal-stderr": terminal,
        "wasi:filesystem/types": filesystem, "wasi:filesystem/preopens": preopens,
        "wasi:sockets/network": sockets, "wasi:sockets/instance-network": sockets, "wasi:sockets/udp": sockets,
        "wasi:sockets/udp-create-socket": sockets, "wasi:sockets/tcp": sockets, "wasi:sockets/tcp-create-socket": sockets,
        "wasi:sockets/ip-name-lookup": sockets,
        "wasi:http/types": WASIHTTP.types, "wasi:http/outgoing-handler": WASIHTTP.outgoingHandler,
    ]

    /// What each resource is; an interface that uses one of another may call it as here or otherwise.
    enum Kind {
        static let error = ComponentResourceKind(rawValue: 1)
        static let pollable = ComponentResourceKind(rawValue: 2)
        static let inputStream = ComponentResourceKind(rawValue: 3)
        static let outputStream = ComponentResourceKind(rawValue: 4)
        static let descriptor = ComponentResourceKind(rawValue: 5)
        static let directoryStream = ComponentResourceKind(rawValue: 6)
        static let network = ComponentResourceKind(rawValue: 7)
        /// Of terminals and sockets, which no guest ever gets.
        static let none = ComponentResourceKind(rawValue: 8)
        static let fields = ComponentResourceKind(rawValue: 20)
        static let incomingRequest = ComponentResourceKind(rawValue: 21)
        static let outgoingRequest = ComponentResourceKind(rawValue: 22)
        static let requestOptions = ComponentResourceKind(rawValue: 23)
        static let responseOutparam = ComponentResourceKind(rawValue: 24)
        static let incomingResponse = ComponentResourceKind(rawValue: 25)
        static let incomingBody = ComponentResourceKind(rawValue: 26)
        static let futureTrailers = ComponentResourceKind(rawValue: 27)
        static let outgoingResponse = ComponentResourceKind(rawValue: 28)
        static let outgoingBody = ComponentResourceKind(rawValue: 29)
        static let futureIncomingResponse = ComponentResourceKind(rawValue: 30)
    }

    static let streamResources: [String: ComponentResourceKind] = [
        "error": Kind.error, "pollable": Kind.pollable, "input-stream": Kind.inputStream, "output-stream": Kind.outputStream,
    ]

    /// Whether `revision` may import `wanted`.
    static func check(_ wanted: WasmComponent.Interface, for revision: FunctionRevision) throws(FunctionError) {
        let grants = revision.grants
        let name = wanted.plainName
        if grants.wasi { return }
        let (isGranted, grant): (Bool, String)
        switch name {
        case _ where name.hasPrefix("wasi:io/"), "wasi:http/types", "wasi:cli/exit": return
        case "wasi:cli/environment":
            isGranted = !grants.env.isEmpty || !grants.arguments.isEmpty || !revision.environment.isEmpty
            grant = "env` or `arguments"
        case _ where name.hasPrefix("wasi:cli/"): (isGranted, grant) = (grants.stdout, "stdout")
        case _ where name.hasPrefix("wasi:clocks/"): (isGranted, grant) = (grants.clock, "clock")
        case _ where name.hasPrefix("wasi:random/"): (isGranted, grant) = (grants.random, "random")
        case _ where name.hasPrefix("wasi:filesystem/"): (isGranted, grant) = (!grants.folders.isEmpty, "folders")
        case "wasi:http/outgoing-handler": (isGranted, grant) = (!grants.invoke.isEmpty, "invoke")
        default: (isGranted, grant) = (false, "wasi")
        }
        guard isGranted else {
            throw FunctionError(
                .missingImport,
                "the component imports \(wanted.name), which needs the grant `\(grant)`"
                    + (grant == "wasi" ? "" : " (or `wasi`, with which what is not granted is there and closed)"))
        }
    }
}
