import MechaCore
import MechaFunctions

/// A function as tools are shown it.
struct FunctionDescription {
    private let function: Function
    private let listenerURL: String?

    init(_ function: Function, _ listenerURL: String?) {
        self.function = function
        self.listenerURL = listenerURL
    }

    /// For lists.
    var summary: JSON { .object(common) }

    var json: JSON {
        let state = function.state
        let instances = function.instances
        let usage = function.usage
        return .object(
            common + [
                .init("aliases", .object(state.aliases.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.split.json) })),
                .init("triggers", .array(state.triggers.map(\.json))),
                .init(
                    "revisions",
                    .array(
                        function.revisions.sorted { $0.key < $1.key }.map { number, stored in
                            guard case .object(let members) = stored.json else { return .null }
                            return .object(
                                members + [
                                    .init("instances", .integer(instances[number] ?? 0)),
                                    .init("calls", .integer(usage.revisions[number]?.calls ?? 0)),
                                ])
                        })),
            ])
    }

    private var common: [JSON.Member] {
        let state = function.state
        let total = function.usage.total
        return [
            .init("name", .string(function.name)), .init("origin", .string(state.origin.rawValue)),
            .init("latest", .integer(state.lastRevision)),
            .init("traffic", .object(state.aliases.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value.split.description)) })),
            .init("abi", (function.revisions[state.lastRevision]?.revision.abi.rawValue).map { .string($0) } ?? .null),
            .init("created", (function.revisions[state.lastRevision]?.created.rfc3339).map { .string($0) } ?? .null),
            .init("instances", .integer(function.instances.values.reduce(0, +))), .init("calls", .integer(total.calls)),
            .init("failures", .integer(total.failures)), .init("url", listenerURL.map { .string("\($0)/\(function.name)") } ?? .null),
        ]
    }
}
