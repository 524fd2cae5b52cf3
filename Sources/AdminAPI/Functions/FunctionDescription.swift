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
                .init("releases", .object(releases(state))),
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

    /// With what calls did in the step that is under way.
    private func releases(_ state: FunctionState) -> [JSON.Member] {
        state.releases.sorted { $0.key < $1.key }.map { alias, release in
            guard case .object(let members) = release.json else { return .init(alias, .null) }
            guard let window = function.releaseWindow(alias) else { return .init(alias, .object(members)) }
            return .init(
                alias,
                .object(
                    members + [
                        .init("calls", .integer(window.calls)), .init("failures", .integer(window.failures)),
                        .init("p99Milliseconds", .integer(Int(window.p99Milliseconds.rounded(.up)))),
                    ]))
        }
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
