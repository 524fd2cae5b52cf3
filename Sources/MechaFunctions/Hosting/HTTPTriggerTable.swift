/// Which function a request of the functions' listener is for, by the HTTP triggers. Pure.
///
/// A trigger that names the host comes before one for any host, then the one with the longest path, then one that names
/// methods, then the function that comes first by name.
struct HTTPTriggerTable: Sendable, Equatable {
    struct Match: Sendable, Equatable {
        var function: String
        var alias: String
    }

    private struct Entry: Sendable, Equatable {
        var host: String?
        /// Without a slash at the end; empty for the root.
        var path: String
        var methods: [String]
        var match: Match
    }

    private var entries: [Entry] = []

    init() {}

    init(_ functions: [(name: String, triggers: [FunctionTrigger])]) {
        for function in functions {
            for trigger in function.triggers {
                guard case .http(var path, let host, let methods) = trigger.event else { continue }
                while path.hasSuffix("/") { path.removeLast() }
                entries.append(
                    Entry(
                        host: host?.lowercased(), path: path, methods: methods, match: Match(function: function.name, alias: trigger.alias))
                )
            }
        }
        entries.sort { a, b in
            if (a.host == nil) != (b.host == nil) { return b.host == nil }
            let lengths = (a.path.utf8.count, b.path.utf8.count)
            if lengths.0 != lengths.1 { return lengths.0 > lengths.1 }
            if a.methods.isEmpty != b.methods.isEmpty { return b.methods.isEmpty }
            return a.match.function < b.match.function
        }
    }

    /// - Parameters:
    ///   - host: of the request, with or without port.
    ///   - path: without the query.
    func match(host: @autoclosure () -> String?, path: Substring, method: String) -> Match? {
        if entries.isEmpty { return nil }
        let name = host().map { Self.name(of: $0) }
        return entries.first { entry in
            if let wanted = entry.host, wanted != name { return false }
            guard path.hasPrefix(entry.path) else { return false }
            let rest = path.utf8.dropFirst(entry.path.utf8.count).first
            guard rest == nil || rest == UInt8(ascii: "/") else { return false }
            return entry.methods.isEmpty || entry.methods.contains(method)
        }?.match
    }

    private static func name(of host: String) -> String {
        let lowered = host.lowercased()
        if lowered.hasPrefix("[") { return String(lowered.prefix { $0 != "]" }) + "]" }
        return String(lowered.prefix { $0 != ":" })
    }
}
