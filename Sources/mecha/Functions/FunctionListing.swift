import MechaCore

/// What the admin API tells of functions, for people.
enum FunctionListing {
    static func table(_ functions: [JSON], now: Timestamp) -> String {
        TextTable(
            headings: ["NAME", "LATEST", "TRAFFIC", "ABI", "CALLS", "FAILURES", "INSTANCES", "AGE", "URL"],
            rows: functions.map { function in
                [
                    text(function["name"]), text(function["latest"]), traffic(function), text(function["abi"]), text(function["calls"]),
                    text(function["failures"]), text(function["instances"]), age(function["created"], now), text(function["url"]),
                ]
            }
        ).text
    }

    static func description(_ function: JSON, now: Timestamp) -> String {
        var lines = [
            "Name:     \(text(function["name"]))", "Origin:   \(text(function["origin"]))", "URL:      \(text(function["url"]))",
            "Calls:    \(text(function["calls"])) (\(text(function["failures"])) failed)", "Traffic:",
        ]
        for alias in function["aliases"]?.objectValue ?? [] {
            let sticky = alias.value["stickiness"]?.objectValue?.first.map { "  sticky by \($0.name) \(text($0.value))" } ?? ""
            lines.append("  \(alias.name): \(weights(alias.value))\(sticky)")
        }
        let releases = function["releases"]?.objectValue ?? []
        if !releases.isEmpty { lines.append("Releases:") }
        for item in releases { lines.append("  \(item.name): \(release(item.value))") }
        let triggers = function["triggers"]?.arrayValue ?? []
        if !triggers.isEmpty { lines.append("Triggers:") }
        for trigger in triggers {
            let event = trigger.objectValue?.first { $0.name != "alias" }
            lines.append("  \(event?.name ?? "") \(event?.value.text ?? "") -> \(text(trigger["alias"]))")
        }
        lines.append("Revisions:")
        let revisions = TextTable(
            headings: ["  REVISION", "AGE", "ABI", "SIZE", "CALLS", "INSTANCES", "DIGEST", "SOURCE"],
            rows: (function["revisions"]?.arrayValue ?? []).map { revision in
                [
                    "  " + text(revision["revision"]), age(revision["created"], now), text(revision["abi"]),
                    bytes(revision["moduleBytes"]), text(revision["calls"]), text(revision["instances"]),
                    String(text(revision["digest"]).prefix(12)), text(revision["source"]),
                ]
            })
        return (lines + [revisions.text]).joined(separator: "\n")
    }

    static func usage(_ functions: [JSON]) -> String {
        var rows: [[String]] = []
        for function in functions {
            for revision in function["revisions"]?.objectValue ?? [] {
                rows.append([text(function["function"]), revision.name] + amounts(revision.value))
            }
            if let earlier = function["earlier"], earlier["calls"]?.intValue ?? 0 > 0 {
                rows.append([text(function["function"]), "earlier"] + amounts(earlier))
            }
            if let total = function["total"] { rows.append([text(function["function"]), "total"] + amounts(total)) }
        }
        return TextTable(
            headings: ["FUNCTION", "REVISION", "CALLS", "FAILURES", "CPU MS", "FUEL", "MIB S", "PEAK", "IN", "OUT"], rows: rows
        ).text
    }

    private static func amounts(_ usage: JSON) -> [String] {
        func number(_ name: String) -> Double { usage[name]?.doubleValue ?? 0 }
        return [
            text(usage["calls"]), text(usage["failures"]), decimal(number("cpuNanoseconds") / 1_000_000),
            text(usage["fuel"]), decimal(number("memoryMilliseconds") / 1_000), bytes(usage["peakMemoryBytes"]),
            bytes(usage["requestBytes"]),
            bytes(usage["responseBytes"]),
        ]
    }

    /// `revision 2 at 25 %, 120 calls, 1 failed, p99 12 ms`.
    static func release(_ release: JSON) -> String {
        let revision = "revision \(text(release["revision"]))"
        switch release["phase"]?.stringValue {
        case "running":
            var line = "\(revision) at \(text(release["percent"])) %"
            if release["calls"] != nil {
                line += ", \(text(release["calls"])) calls, \(text(release["failures"])) failed, p99 \(text(release["p99Milliseconds"])) ms"
            }
            return line
        case "done": return "\(revision) has all calls"
        case "rolledBack": return "\(revision) was rolled back: \(text(release["reason"]))"
        default: return "\(revision) was ended: \(text(release["reason"]))"
        }
    }

    /// `prod 1=90 2=10, dev 2=100`.
    static func traffic(_ function: JSON) -> String {
        (function["traffic"]?.objectValue ?? []).map { "\($0.name) \(text($0.value))" }.joined(separator: ", ")
    }

    /// `1=90 2=10`.
    static func weights(_ alias: JSON) -> String {
        (alias["weights"]?.objectValue ?? []).map { "\($0.name)=\(text($0.value))" }.joined(separator: " ")
    }

    static func text(_ value: JSON?) -> String {
        switch value {
        case nil, .null?: ""
        case .string(let text)?: text
        case let value?: value.text
        }
    }

    private static func age(_ value: JSON?, _ now: Timestamp) -> String {
        value?.stringValue.flatMap { Timestamp(rfc3339: $0) }.map { Age.text(since: $0, now: now) } ?? ""
    }

    private static func bytes(_ value: JSON?) -> String {
        let count = value?.intValue ?? 0
        switch count {
        case ..<(10 << 10): return "\(count)"
        case ..<(10 << 20): return "\(count >> 10)Ki"
        default: return "\(count >> 20)Mi"
        }
    }

    /// With one decimal place.
    private static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
