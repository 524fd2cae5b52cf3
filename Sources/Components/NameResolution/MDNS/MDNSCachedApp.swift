import MechaCore

/// What is known of one app: its instances, and the addresses of the hosts that they name.
struct MDNSCachedApp: Sendable {
    /// Instances remembered of one app, and addresses of one host.
    static let maximumEntries = 64
    /// Nothing is believed longer than this (section 1.3 of the Dapr surface).
    static let maximumSecondsToLive: UInt32 = 60

    private struct Instance {
        var name: DNSName
        var expiresAt: UInt64
        var host: DNSName?
        var port: UInt16 = 0
        var texts: [String] = []
    }

    var askedAt: UInt64
    private var instances: [Instance] = []
    private var hosts: [DNSName: [(address: IPAddress, expiresAt: UInt64)]] = [:]

    init(askedAt: UInt64) { self.askedAt = askedAt }

    /// One address for each instance, since more would count a runtime twice; IPv4 first, as Dapr has it.
    /// The namespace counts for instances that give one.
    func endpoints(of target: AppAddress, at now: UInt64) -> [PeerEndpoint] {
        var endpoints: [PeerEndpoint] = []
        for instance in instances where instance.expiresAt > now && Self.matches(instance.texts, target) {
            let addresses = instance.host.flatMap { hosts[$0] } ?? []
            let live = addresses.filter { $0.expiresAt > now }.map(\.address)
            guard let address = live.first(where: \.isIPv4) ?? live.first(where: { !$0.isLinkLocal }) else { continue }
            let endpoint = PeerEndpoint(host: address.text, port: Int(instance.port))
            if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
        }
        return endpoints
    }

    private static func matches(_ texts: [String], _ target: AppAddress) -> Bool {
        guard texts.contains(target.appID) else { return false }
        let namespace = texts.first { $0.hasPrefix(MDNSService.namespaceText) }
        return namespace.map { $0 == MDNSService.namespaceText + target.namespace } ?? true
    }

    /// True when a record concerned this app. Pointers are read first, then what they point to: records
    /// of a message come in any order.
    mutating func take(_ records: [DNSMessage.Record], name: DNSName, at now: UInt64) -> Bool {
        var isTouched = false
        for record in records where record.name == name {
            guard case .ptr(let instance) = record.data else { continue }
            isTouched = true
            touch(instance, until: Self.expiry(record, at: now))
        }
        for record in records {
            guard let index = instances.firstIndex(where: { $0.name == record.name }) else { continue }
            isTouched = true
            switch record.data {
            case .srv(let port, let host):
                instances[index].host = host
                instances[index].port = port
            case .txt(let texts): instances[index].texts = texts
            default: break
            }
        }
        for record in records where instances.contains(where: { $0.host == record.name }) {
            switch record.data {
            case .a(let bytes), .aaaa(let bytes):
                guard let address = IPAddress(bytes: bytes) else { continue }
                isTouched = true
                addAddress(address, of: record.name, until: Self.expiry(record, at: now))
            default: break
            }
        }
        removeExpired(at: now)
        return isTouched
    }

    private mutating func touch(_ instance: DNSName, until expiry: UInt64) {
        if let index = instances.firstIndex(where: { $0.name == instance }) {
            instances[index].expiresAt = expiry
        } else if instances.count < Self.maximumEntries {
            instances.append(Instance(name: instance, expiresAt: expiry))
        }
    }

    private mutating func addAddress(_ address: IPAddress, of host: DNSName, until expiry: UInt64) {
        var known = hosts[host] ?? []
        if let index = known.firstIndex(where: { $0.address == address }) {
            known[index].expiresAt = expiry
        } else if known.count < Self.maximumEntries {
            known.append((address, expiry))
        }
        hosts[host] = known
    }

    private mutating func removeExpired(at now: UInt64) {
        instances.removeAll { $0.expiresAt <= now }
        let used = Set(instances.compactMap(\.host))
        hosts = hosts.filter { used.contains($0.key) }
    }

    /// A record without life left is a farewell: it ends now.
    private static func expiry(_ record: DNSMessage.Record, at now: UInt64) -> UInt64 {
        now + UInt64(min(record.secondsToLive, maximumSecondsToLive)) * 1_000_000_000
    }
}
