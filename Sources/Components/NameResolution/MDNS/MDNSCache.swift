import MechaCore

/// What others have said about their apps: a state machine without sockets or clock. Only apps that were
/// asked for are remembered, so that a busy network does not fill it. Times are monotonic nanoseconds.
struct MDNSCache: Sendable {
    /// Apps remembered; the one not asked for the longest gives way.
    static let maximumApps = 1_000

    private var apps: [DNSName: MDNSCachedApp] = [:]

    /// Begins to remember what is said about an app, or goes on.
    mutating func watch(_ name: DNSName, at now: UInt64) {
        apps[name, default: MDNSCachedApp(askedAt: now)].askedAt = now
        if apps.count > Self.maximumApps, let oldest = apps.min(by: { $0.value.askedAt < $1.value.askedAt })?.key { apps[oldest] = nil }
    }

    /// Forgets apps that nobody has asked for since `limit`.
    mutating func forget(notAskedSince limit: UInt64) {
        apps = apps.filter { $0.value.askedAt >= limit }
    }

    var watched: [DNSName] { Array(apps.keys) }

    /// Takes in a response and answers which watched apps it speaks of.
    mutating func receive(_ message: DNSMessage, at now: UInt64) -> [DNSName] {
        guard message.isResponse else { return [] }
        let records = message.answers + message.additionals
        return watched.filter { apps[$0]?.take(records, name: $0, at: now) ?? false }
    }

    /// Where the app is served, as far as is known.
    func endpoints(of target: AppAddress, name: DNSName, at now: UInt64) -> [PeerEndpoint] {
        apps[name]?.endpoints(of: target, at: now) ?? []
    }
}
