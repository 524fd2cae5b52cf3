/// Rewrites arguments as Go programs take them into the form that the parser takes: `-app-id x` and
/// `--app-id x` become `--app-id=x`, `--enable-metrics=false` becomes `--no-enable-metrics`, `-p3000`
/// becomes `--app-port=3000`, and flags that mean nothing here disappear. Pure.
struct ArgumentNormalizer: Sendable {
    var table: FlagTable
    /// Whether one dash may begin a long name, as with Go's own flag package (daprd).
    var allowsSingleDashNames: Bool

    func normalize(_ arguments: [String]) -> [String] {
        var output: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                output.append(argument)
                output.append(contentsOf: rest)
                break
            }
            if let long = longForm(of: argument) {
                appendLong(long, rest: &rest, to: &output)
            } else if argument.hasPrefix("-"), argument.count > 1, let name = argument.dropFirst().first {
                appendShort(name, attached: argument.dropFirst(2), rest: &rest, to: &output)
            } else {
                output.append(argument)
            }
        }
        return output
    }

    /// Flags that the environment sets (`DAPR_APP_ID=x`) and the command line does not. Go first, so
    /// that the parser sees them before any command. `DAPR_METRICS_PORT` is not one of them: it tells
    /// an app about its runtime, and an app may start another runtime.
    func defaults(from environment: [String: String], besides arguments: [String]) -> [String] {
        let given = Set(arguments.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }.map { Self.name(of: $0.dropFirst(2)) })
        var output: [String] = []
        for name in table.values.union(table.switches).sorted() where name != "metrics-port" && !given.contains(name) {
            let variable = "DAPR_" + name.uppercased().replacing("-", with: "_")
            guard let value = environment[variable], !value.isEmpty else { continue }
            if table.values.contains(name) {
                output.append("--\(name)=\(value)")
            } else if Self.boolean(value) == true {
                output.append("--\(name)")
            }
        }
        return output
    }

    /// `name` or `name=value` when the argument is a flag in its long form.
    private func longForm(of argument: String) -> Substring? {
        if argument.hasPrefix("--") { return argument.dropFirst(2) }
        guard allowsSingleDashNames, argument.hasPrefix("-") else { return nil }
        let body = argument.dropFirst()
        return Self.name(of: body).count > 1 ? body : nil
    }

    private func appendLong(_ flag: Substring, rest: inout ArraySlice<String>, to output: inout [String]) {
        let name = Self.name(of: flag)
        let value = flag.count > name.count ? flag.dropFirst(name.count + 1) : nil
        if table.ignoredSwitches.contains(name) { return }
        if table.ignoredValues.contains(name) {
            if value == nil { rest = rest.dropFirst() }
        } else if table.values.contains(name) {
            // Joined to its value, so that a value may begin with a dash.
            if value == nil, let next = rest.popFirst() {
                output.append("--\(name)=\(next)")
            } else {
                output.append("--\(flag)")
            }
        } else if table.switches.contains(name) || table.invertible.contains(name), let value, let isOn = Self.boolean(value) {
            if isOn {
                output.append("--\(name)")
            } else if table.invertible.contains(name) {
                output.append("--no-\(name)")
            }
        } else {
            output.append("--\(flag)")
        }
    }

    private func appendShort(
        _ name: Character, attached: Substring, rest: inout ArraySlice<String>, to output: inout [String]
    ) {
        guard let long = table.shorts[name] ?? table.ignoredShorts[name] else {
            output.append("-\(name)\(attached)")
            return
        }
        if table.switches.contains(long) || table.ignoredSwitches.contains(long) {
            if table.switches.contains(long) { output.append("--\(long)") }
            if let next = attached.first { appendShort(next, attached: attached.dropFirst(), rest: &rest, to: &output) }
            return
        }
        let value = attached.hasPrefix("=") ? attached.dropFirst() : attached
        if table.ignoredValues.contains(long) {
            if value.isEmpty { rest = rest.dropFirst() }
            return
        }
        if !value.isEmpty {
            output.append("--\(long)=\(value)")
        } else if let next = rest.popFirst() {
            output.append("--\(long)=\(next)")
        } else {
            output.append("--\(long)")
        }
    }

    private static func name(of flag: some StringProtocol) -> String { String(flag.prefix { $0 != "=" }) }

    /// The spellings that Go's `strconv.ParseBool` takes.
    static func boolean(_ text: some StringProtocol) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "True", "TRUE": true
        case "0", "f", "F", "false", "False", "FALSE": false
        default: nil
        }
    }
}
