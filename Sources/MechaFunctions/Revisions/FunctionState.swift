import MechaCore

/// What is so of a function as a whole: its revisions by number, where calls go, what calls it. Every change of a
/// function is a change of this value first, on disk next, and then of what runs.
public struct FunctionState: Sendable, Equatable {
    /// Who brought the function.
    public enum Origin: String, Sendable {
        /// The command line or the admin API; it stays until it is deleted.
        case deployed
        /// A resource file; it is there as long as the file is.
        case declared
    }

    public var origin: Origin
    /// The highest number that was given; none is given twice.
    public private(set) var lastRevision = 0
    public private(set) var aliases: [String: AliasState] = [:]
    /// The last release of each alias, under way or over.
    public private(set) var releases: [String: Release] = [:]
    public var triggers: [FunctionTrigger] = []
    /// How the guest wants to be named in the header `id` of requests (proxy-wasm: `proxy_get_id`); nil for its name.
    public var routeID: String?

    /// The alias that calls go through which name none, and which new revisions get.
    public static let defaultAlias = "prod"
    public static let aliasesAtMost = 50
    /// Revisions that are kept though no traffic goes to them.
    public static let idleRevisionsAtMost = 10

    public init(origin: Origin) { self.origin = origin }

    /// Takes in a new revision, whose number this gives, and sends it a part of an alias's traffic.
    public mutating func deploy(alias: String?, percent: Int) throws(FunctionBaseError) -> Int {
        lastRevision += 1
        guard let alias else { return lastRevision }
        if let state = aliases[alias] {
            try set(alias, state.split.giving(lastRevision, percent: percent))
        } else {
            // There is nobody to share the traffic with.
            try set(alias, TrafficSplit(lastRevision))
        }
        return lastRevision
    }

    public mutating func set(_ alias: String, _ split: TrafficSplit) throws(FunctionBaseError) {
        if aliases[alias]?.split != split { releases[alias]?.end("the alias was moved") }
        if aliases[alias] != nil {
            aliases[alias]?.set(split)
        } else {
            guard aliases.count < Self.aliasesAtMost else {
                throw FunctionBaseError(.conflict, "the function has \(Self.aliasesAtMost) aliases already")
            }
            aliases[alias] = AliasState(split)
        }
    }

    /// Gives a revision more and more of an alias's calls from now on.
    public mutating func begin(_ release: Release, alias: String) throws(FunctionBaseError) {
        guard let state = aliases[alias] else { throw FunctionBaseError(.notFound, "there is no alias \(alias)") }
        guard releases[alias]?.isRunning != true else {
            throw FunctionBaseError(.conflict, "a release through \(alias) is under way; end it first (mecha fn release --abort)")
        }
        guard state.split.parts.map(\.revision) != [release.revision] else {
            throw FunctionBaseError(.conflict, "revision \(release.revision) has all calls of \(alias) already")
        }
        aliases[alias]?.set(release.split)
        releases[alias] = release
    }

    /// Puts down what a release has come to, and sends the calls where it says.
    public mutating func advance(_ release: Release, alias: String) {
        let split = release.phase == .done ? TrafficSplit(release.revision, stickiness: release.before.stickiness) : release.split
        aliases[alias]?.move(split)
        releases[alias] = release
    }

    /// Sends an alias's calls where they went before.
    public mutating func rollback(_ alias: String, usable: Set<Int>) throws(FunctionBaseError) {
        if var release = releases[alias], release.isRunning {
            release.end("rolled back by hand")
            return advance(release, alias: alias)
        }
        guard var state = aliases[alias] else { throw FunctionBaseError(.notFound, "there is no alias \(alias)") }
        guard state.rollback(usable: usable) else {
            throw FunctionBaseError(.conflict, "the alias \(alias) led nowhere else before; name a revision with --to")
        }
        aliases[alias] = state
    }

    public mutating func remove(_ alias: String) throws(FunctionBaseError) {
        guard aliases[alias] != nil else { throw FunctionBaseError(.notFound, "there is no alias \(alias)") }
        if let trigger = triggers.first(where: { $0.alias == alias }) {
            throw FunctionBaseError(.conflict, "the trigger \(trigger.description) calls through the alias \(alias)")
        }
        aliases[alias] = nil
        releases[alias] = nil
    }

    /// Revisions that some alias sends calls to.
    public var routed: Set<Int> {
        // Where a release may have to go back to stands ready.
        Set(aliases.values.flatMap(\.split.revisions)).union(releases.values.filter(\.isRunning).flatMap(\.before.revisions))
    }

    /// Those of `known` that may go: no alias leads to them, none would after one rollback, and they are not among
    /// the newest.
    public func collectable(_ known: Set<Int>) -> Set<Int> {
        let kept = routed.union(aliases.values.compactMap(\.history.last).flatMap(\.revisions))
        return known.subtracting(kept).subtracting(known.sorted().suffix(Self.idleRevisionsAtMost))
    }

    public var json: JSON {
        .object(
            [
                JSON.Member("origin", .string(origin.rawValue)), .init("lastRevision", .integer(lastRevision)),
                .init("aliases", .object(aliases.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.json) })),
                .init("triggers", .array(triggers.map(\.json))),
                .init("releases", .object(releases.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.json) })),
                routeID.map { .init("routeID", .string($0)) },
            ].compactMap { $0 })
    }

    /// Nil when something is missing or of another kind.
    public init?(_ json: JSON) {
        guard let origin = json["origin"]?.stringValue.flatMap(Origin.init(rawValue:)), let last = json["lastRevision"]?.intValue
        else { return nil }
        self.origin = origin
        lastRevision = last
        for alias in json["aliases"]?.objectValue ?? [] {
            guard let state = AliasState(alias.value) else { return nil }
            aliases[alias.name] = state
        }
        triggers = (json["triggers"]?.arrayValue ?? []).compactMap { FunctionTrigger($0) }
        for release in json["releases"]?.objectValue ?? [] { releases[release.name] = Release(release.value) }
        routeID = json["routeID"]?.stringValue
    }
}
