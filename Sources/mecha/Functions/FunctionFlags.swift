import ArgumentParser
import MechaCore
import MechaFunctions

/// What a deployment from the command line says beside the module.
struct FunctionFlags: ParsableArguments {
    @Option(help: "What the module speaks: mecha, proxy-wasm, http-wasm, component, wasi-http (default: found out).")
    var abi: String?

    @Option(help: "A variable of the guest, NAME=VALUE; may be given again.")
    var env: [String] = []

    @Option(
        help: """
            What the function may reach, KIND=NAME or KIND=*: state, pubsub, bindings, secrets, configuration, locks, invoke, env, \
            arguments; or clock, random, stdout, wasi; may be given again.
            """)
    var grant: [String] = []

    @Option(help: "A folder that the guest sees, GUEST=HOST or GUEST=HOST:rw; may be given again.")
    var folder: [String] = []

    @Option(help: "Text that the guest gets at its start; @FILE reads it from a file.")
    var configuration: String?

    @Option(help: "Memory of one instance (default: 64Mi).")
    var memory: ByteCount?

    @Option(help: "Processor time of one call (default: 1s).")
    var cpu: DurationText?

    @Option(help: "Time of one call from start to answer (default: 30s).")
    var time: DurationText?

    @Option(help: "Fuel of one call, about one for each instruction (default: not counted).")
    var fuel: Int?

    @Option(help: "Calls that run at the same time (default: 100).")
    var concurrency: Int?

    @Option(help: "fresh: an instance for each request; reused: one after the other (default: fresh).")
    var isolation: String?

    @Option(help: "Instances that stand ready (default: 0).")
    var minInstances: Int?

    func apply(to deployment: inout FunctionDeployment) throws(CommandError) {
        if let abi {
            guard let known = FunctionABI(rawValue: abi) else {
                throw CommandError(
                    "'\(abi)' is no ABI", hint: "expected one of \(FunctionABI.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            deployment.abi = known
        }
        for entry in env {
            guard let equals = entry.firstIndex(of: "="), equals != entry.startIndex else {
                throw CommandError("--env \(entry) is no variable", hint: "like --env LANG=en")
            }
            deployment.environment[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
        }
        for entry in grant { try Self.grant(entry, to: &deployment.grants) }
        for entry in folder { try Self.folder(entry, to: &deployment.grants) }
        if let configuration {
            deployment.configuration = configuration
            if configuration.hasPrefix("@") {
                do {
                    deployment.configuration = String(decoding: try Files.read(String(configuration.dropFirst())), as: UTF8.self)
                } catch {
                    throw CommandError("Cannot read the configuration: \(error)")
                }
            }
        }
        if let bytes = memory?.bytes { deployment.limits.memoryBytes = bytes }
        if let cpu { deployment.limits.cpuMilliseconds = try Self.milliseconds(cpu, "--cpu") }
        if let time { deployment.limits.wallMilliseconds = try Self.milliseconds(time, "--time") }
        if let fuel {
            guard fuel > 0 else { throw CommandError("--fuel is \(fuel)", hint: "expected 1 or more") }
            deployment.limits.fuel = fuel
        }
        if let concurrency {
            guard concurrency > 0 else { throw CommandError("--concurrency is \(concurrency)", hint: "expected 1 or more") }
            deployment.limits.concurrency = concurrency
        }
        if let isolation {
            guard let known = FunctionScaling.Isolation(rawValue: isolation) else {
                throw CommandError("'\(isolation)' is no isolation", hint: "expected fresh or reused")
            }
            deployment.scaling.isolation = known
        }
        if let minInstances {
            guard minInstances >= 0 else { throw CommandError("--min-instances is \(minInstances)", hint: "expected 0 or more") }
            deployment.scaling.minimumInstances = minInstances
        }
    }

    private static func milliseconds(_ text: DurationText, _ flag: String) throws(CommandError) -> Int {
        let milliseconds = Int(text.duration / .milliseconds(1))
        guard milliseconds > 0 else { throw CommandError("\(flag) is shorter than a millisecond", hint: "like \(flag) 500ms") }
        return milliseconds
    }

    private static func grant(_ entry: String, to grants: inout FunctionGrants) throws(CommandError) {
        let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
        switch (parts.first, parts.count > 1 ? parts[1] : nil) {
        case ("clock", nil): grants.clock = true
        case ("random", nil): grants.random = true
        case ("stdout", nil): grants.stdout = true
        case ("wasi", nil): grants.wasi = true
        case (let kind?, let name?):
            guard let path = lists[kind] else {
                let near = nearestName(to: kind, among: Array(lists.keys)).map { "did you mean \($0)?" }
                throw CommandError("There is no grant '\(kind)'", hint: near ?? "one of \(lists.keys.sorted().joined(separator: ", "))")
            }
            grants[keyPath: path] += name.split(separator: ",").map(String.init)
        default:
            throw CommandError("--grant \(entry) is not understood", hint: "like --grant state=statestore or --grant clock")
        }
    }

    private static var lists: [String: WritableKeyPath<FunctionGrants, [String]>] {
        [
            "state": \.state, "pubsub": \.pubsub, "bindings": \.bindings, "secrets": \.secrets, "configuration": \.configuration,
            "locks": \.locks, "invoke": \.invoke, "env": \.env, "arguments": \.arguments,
        ]
    }

    private static func folder(_ entry: String, to grants: inout FunctionGrants) throws(CommandError) {
        let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[0].hasPrefix("/") else {
            throw CommandError("--folder \(entry) is not understood", hint: "like --folder /data=./data or --folder /data=./data:rw")
        }
        let isWritable = parts[1].hasSuffix(":rw")
        let path = Files.absolute(isWritable ? String(parts[1].dropLast(3)) : parts[1])
        guard FileStatus(path: path)?.isDirectory == true else {
            throw CommandError("There is no folder '\(path)'", hint: "check --folder")
        }
        grants.folders[parts[0]] = .init(path: path, isWritable: isWritable)
    }
}
