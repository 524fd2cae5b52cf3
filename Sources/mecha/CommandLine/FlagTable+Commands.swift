extension FlagTable {
    /// The flags of the command; nil when there is no such command.
    static func of(command: String) -> FlagTable? {
        switch command {
        case "run": run
        case "serve": serve
        case let name: others[name]
        }
    }

    private static let others: [String: FlagTable] = [
        "list": output,
        "stop": FlagTable(
            values: ["app-id", "run-file", "timeout"], switches: ["kubernetes", "wait"],
            shorts: ["a": "app-id", "f": "run-file", "k": "kubernetes", "w": "wait", "t": "timeout"], refused: ["kubernetes"]),
        "invoke": FlagTable(
            values: ["app-id", "method", "data", "data-file", "verb", "unix-domain-socket"], switches: [],
            shorts: ["a": "app-id", "m": "method", "d": "data", "f": "data-file", "v": "verb", "u": "unix-domain-socket"]),
        "redrive": FlagTable(
            values: ["app-id", "pubsub", "topic", "to", "limit", "unix-domain-socket"], switches: [],
            shorts: ["a": "app-id", "p": "pubsub", "t": "topic", "u": "unix-domain-socket"]),
        "publish": FlagTable(
            values: ["publish-app-id", "pubsub", "topic", "data", "data-file", "metadata", "unix-domain-socket"], switches: [],
            shorts: [
                "i": "publish-app-id", "p": "pubsub", "t": "topic", "d": "data", "f": "data-file", "m": "metadata",
                "u": "unix-domain-socket",
            ]),
        "init": FlagTable(
            values: containers.union(["runtime-version", "image-registry", "image-variant", "from-dir"]),
            switches: ["slim", "kubernetes"], shorts: ["s": "slim", "k": "kubernetes"],
            ignoredValues: cluster.union([
                "dashboard-version", "set", "scheduler-volume", "scheduler-override-broadcast-host-port",
            ]),
            ignoredSwitches: ["redis-stack", "scheduler-placement", "enable-ha", "enable-mtls", "wait", "dev"],
            ignoredShorts: ["n": "namespace"], refused: ["kubernetes"],
            withoutEffect: containers.union(["runtime-version", "image-registry", "image-variant", "from-dir"])),
        "uninstall": FlagTable(
            values: containers, switches: ["all", "kubernetes"], shorts: ["k": "kubernetes"], ignoredValues: cluster,
            ignoredSwitches: ["dev"], ignoredShorts: ["n": "namespace"], refused: ["kubernetes"], withoutEffect: containers),
        "components": output,
        "fn": FlagTable(
            values: [
                "app-id", "output", "abi", "env", "grant", "folder", "configuration", "memory", "cpu", "time", "fuel", "concurrency",
                "isolation",
                "min-instances", "alias", "percent", "data", "verb", "header", "revision", "lines", "sticky-header", "sticky-cookie", "to",
                "push", "form", "tag", "steps", "wait", "max-error-rate", "max-latency-p99", "min-calls",
            ],
            switches: ["no-traffic", "follow", "no-sticky", "insecure", "status", "abort", "verify", "test"],
            shorts: ["o": "output", "d": "data", "X": "verb", "H": "header", "f": "follow"]),
        "configurations": FlagTable(
            values: ["config", "name", "output"], switches: ["kubernetes"],
            shorts: ["c": "config", "n": "name", "o": "output", "k": "kubernetes"], ignoredValues: ["namespace"],
            ignoredSwitches: ["all-namespaces"], ignoredShorts: ["A": "all-namespaces"], refused: ["kubernetes"]),
        "version": FlagTable(values: ["output"], switches: [], shorts: ["o": "output"]),
        "completion": FlagTable(values: [], switches: [], shorts: [:]),
    ]

    private static let output = FlagTable(
        values: ["output"], switches: ["kubernetes"], shorts: ["o": "output", "k": "kubernetes"], ignoredValues: ["namespace"],
        ignoredSwitches: ["all-namespaces"], ignoredShorts: ["A": "all-namespaces", "n": "namespace"], refused: ["kubernetes"])

    /// Of Dapr on a cluster.
    private static let cluster: Set<String> = ["namespace", "timeout"]

    /// Of the containers that Dapr starts, and Mecha does without.
    private static let containers: Set<String> = ["network", "container-runtime"]
}
