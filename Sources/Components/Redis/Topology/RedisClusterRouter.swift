import MechaCore
import NIOCore

/// Keys are spread over the masters of a cluster by slot. Who holds which slot is asked of any node, at
/// the start and whenever an answer or a lost connection shows that the picture is old.
///
/// Until the picture is known, calls go to any node; its redirects lead them on.
///
/// Confined to its event loop, hence the unchecked Sendable.
final class RedisClusterRouter: RedisRouter, @unchecked Sendable {
    private let loop: any EventLoop
    private let configuration: RedisConfiguration
    private let connector: RedisConnector
    private let seeds: [RedisAddress]
    private let onStatusChange: () -> Void
    private let onReachable: () -> Void

    private struct LinkKey: Hashable {
        var address: RedisAddress
        var lane: RedisLane
    }

    private var table = RedisSlotTable()
    private var links: [LinkKey: RedisLink] = [:]
    private var nextSeed = 0
    private var refresh = Refresh()
    private var isClosed = false

    private struct Refresh {
        var underWay: EventLoopFuture<Void>?
        var timer: Scheduled<Void>?
        var lastEnd = NIODeadline.uptimeNanoseconds(0)
        var lastFailure: CapabilityError?
    }

    init(
        loop: any EventLoop, configuration: RedisConfiguration, connector: RedisConnector, seeds: [RedisAddress],
        onStatusChange: @escaping () -> Void, onReachable: @escaping () -> Void
    ) {
        self.loop = loop
        self.configuration = configuration
        self.connector = connector
        self.seeds = seeds
        self.onStatusChange = onStatusChange
        self.onReachable = onReachable
    }

    // MARK: - Links

    func link(to target: RedisTarget, lane: RedisLane) -> RedisLink {
        switch target {
        case .any: break
        case .slot(let slot):
            if let owner = table.owner(of: slot) { return link(to: owner, lane: lane) }
            refreshSoon()
        case .node(let address), .asking(let address): return link(to: address, lane: lane)
        case .moved(let address):
            refreshSoon()
            return link(to: address, lane: lane)
        }
        return link(to: anyAddress, lane: lane)
    }

    private func link(to address: RedisAddress, lane: RedisLane) -> RedisLink {
        let key = LinkKey(address: address, lane: lane)
        if let link = links[key] { return link }
        // A server that names ever new nodes does not get ever new connections.
        if links.count >= configuration.limits.clusterNodes * 2, let link = links.values.first { return link }
        let (loop, connector) = (loop, connector)
        let link = RedisLink(loop: loop, configuration: configuration) {
            connector.connect(to: address, as: .any, on: loop)
        }
        guard !isClosed else {
            _ = link.close()
            return link
        }
        link.onStatusChange = onStatusChange
        link.onFailure = { [weak self] in self?.refreshSoon() }
        link.onReachable = onReachable
        links[key] = link
        return link
    }

    /// A node that is likely to answer.
    private var anyAddress: RedisAddress {
        if let ready = links.first(where: { $0.key.lane == .shared && $0.value.status.phase == .ready }) { return ready.key.address }
        let known = table.nodes + seeds
        nextSeed = (nextSeed + 1) % known.count
        return known[nextSeed]
    }

    func release(_ lane: RedisLane) {
        for (key, link) in links where key.lane == lane {
            links[key] = nil
            link.onFailure = nil
            link.onStatusChange = nil
            _ = link.close()
        }
    }

    func wake() { refreshSoon() }

    func retryNow() {
        for link in links.values { link.retryNow() }
    }

    func serverIsWrong(_ target: RedisTarget, _ reason: CapabilityError) { refreshSoon() }

    var status: ComponentStatus {
        if isClosed { return ComponentStatus(.closed) }
        let statuses = links.values.map(\.status)
        if !table.nodes.isEmpty, let ready = statuses.first(where: { $0.phase == .ready }) { return ready }
        return ComponentStatus(.connecting, reason: refresh.lastFailure?.message ?? statuses.lazy.compactMap(\.reason).first)
    }

    func close() -> EventLoopFuture<Void> {
        isClosed = true
        refresh.timer?.cancel()
        return .andAllComplete(links.values.map { $0.close() }, on: loop)
    }

    // MARK: - The picture of the cluster

    func keyHolders() -> EventLoopFuture<[RedisTarget]> {
        refreshNow().flatMapThrowing {
            guard !self.table.nodes.isEmpty else {
                throw self.refresh.lastFailure ?? CapabilityError(.unavailable, "the Redis cluster cannot be reached yet")
            }
            return self.table.nodes.map { .node($0) }
        }
    }

    /// Asks again, though not more often than every ``minimumRefreshInterval``.
    private func refreshSoon() {
        guard !isClosed, refresh.underWay == nil, refresh.timer == nil else { return }
        let earliest = refresh.lastEnd + Self.minimumRefreshInterval
        guard earliest > .now() else {
            _ = refreshNow()
            return
        }
        refresh.timer = loop.scheduleTask(deadline: earliest) { [self] in
            refresh.timer = nil
            if refresh.underWay == nil { _ = refreshNow() }
        }
    }

    private static let minimumRefreshInterval = TimeAmount.milliseconds(100)

    /// Completes when an answer has been taken over, or nobody gave one.
    private func refreshNow() -> EventLoopFuture<Void> {
        if let underWay = refresh.underWay { return underWay }
        let promise = loop.makePromise(of: Void.self)
        refresh.underWay = promise.futureResult
        ask(candidates[...]).whenComplete { outcome in
            self.refresh.underWay = nil
            self.refresh.lastEnd = .now()
            switch outcome {
            case .success(let table): self.take(table)
            case .failure(let error):
                self.refresh.lastFailure =
                    error as? CapabilityError ?? CapabilityError(.unavailable, "no node of the Redis cluster answers", cause: error)
            }
            self.onStatusChange()
            promise.succeed()
        }
        return promise.futureResult
    }

    /// Whom to ask, the likeliest to answer first.
    private var candidates: [RedisAddress] {
        let ready = links.filter { $0.key.lane == .shared && $0.value.status.phase == .ready }.map(\.key.address)
        var seen = Set<RedisAddress>()
        return (ready + table.nodes + seeds).filter { seen.insert($0).inserted }
    }

    private func ask(_ candidates: ArraySlice<RedisAddress>) -> EventLoopFuture<RedisSlotTable> {
        guard let candidate = candidates.first else {
            return loop.makeFailedFuture(CapabilityError(.unavailable, "no node of the Redis cluster answers"))
        }
        let host = if case .host(let host, _) = candidate { host } else { "localhost" }
        let maximumNodes = configuration.limits.clusterNodes
        return link(to: candidate, lane: .shared).request([["CLUSTER", "SLOTS"]])
            .flatMapThrowing { replies in
                if case .error(let error)? = replies.first { throw CapabilityError(redis: error) }
                guard let reply = replies.first, let table = RedisSlotTable(reply, askedHost: host, maximumNodes: maximumNodes) else {
                    throw CapabilityError(.unavailable, "a node of the Redis cluster knows no slots yet")
                }
                return table
            }
            .flatMapError { error in
                let rest = candidates.dropFirst()
                return rest.isEmpty || self.isClosed ? self.loop.makeFailedFuture(error) : self.ask(rest)
            }
    }

    private func take(_ table: RedisSlotTable) {
        guard !isClosed else { return }
        self.table = table
        refresh.lastFailure = nil
        for (key, link) in links where !table.nodes.contains(key.address) {
            links[key] = nil
            link.onFailure = nil
            link.onStatusChange = nil
            _ = link.close()
        }
    }
}
