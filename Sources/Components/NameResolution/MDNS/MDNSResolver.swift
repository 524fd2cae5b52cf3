import Logging
import MechaCore
import NIOCore
import NIOPosix
import Synchronization

/// `nameresolution.mdns`: apps find each other on the local network without any registry, in the way
/// that Dapr does (multicast DNS, RFC 6762 and 6763).
///
/// Networks that do not multicast are common (containers, clouds): the status tells, own apps are still
/// found, and interfaces are looked at again with every refresh.
public final class MDNSResolver: NameResolver {
    /// How long a question about an unknown app waits for its first answer.
    static let browseWindow: Duration = .seconds(1)
    /// Between two questions about the apps in use.
    static let refreshInterval: Duration = .seconds(30)
    /// An app that nobody asked for in so long is no longer asked about.
    static let interest: Duration = .seconds(300)
    /// Between the two announcements of an app.
    static let announcementPause: Duration = .seconds(1)

    private let environment: ComponentEnvironment
    private let port: Int
    private let processName: String
    private let unique = String(RandomID.uuid().prefix(8))
    private let state = Mutex(State())

    private struct State {
        var links: [MDNSInterface: (link: MDNSLink, responder: MDNSResponder)] = [:]
        var services: Set<MDNSService> = []
        var cache = MDNSCache()
        /// Callers who wait for the first answer about an app.
        var browsing: [DNSName: [Waiter]] = [:]
        var lastID: UInt64 = 0
        var refresh: Task<Void, Never>?
        var status = ComponentStatus(.connecting, reason: "no network interface is open yet")
    }

    private struct Waiter {
        var id: UInt64
        var continuation: CheckedContinuation<Void, Never>
        /// Ends the waiting when the window is over.
        var timer: Task<Void, Never>

        func wake() {
            timer.cancel()
            continuation.resume()
        }
    }

    /// - Parameter port: 5353 but for tests.
    init(environment: ComponentEnvironment, port: Int = MDNSLink.defaultPort) {
        self.environment = environment
        self.port = port
        processName = "mecha"
    }

    public var status: ComponentStatus { state.withLock { $0.status } }

    private var now: UInt64 { environment.clock.monotonicNanoseconds() }

    public func start() async throws {
        await openLinks()
        let task = Task { await refreshUntilClosed() }
        state.withLock { $0.refresh = task }
    }

    public func close() async {
        let services = state.withLock { state in
            state.status = ComponentStatus(.closed)
            return state.services
        }
        for service in services { await withdraw(service.registration) }
        let (links, task, waiting) = state.withLock { state in
            defer {
                state.links = [:]
                state.refresh = nil
                state.browsing = [:]
            }
            return (state.links.values.map(\.link), state.refresh, state.browsing.values.flatMap(\.self))
        }
        for waiter in waiting { waiter.wake() }
        task?.cancel()
        await task?.value
        for link in links { await link.close() }
    }

    // MARK: - Own apps

    public func announce(_ registration: AppRegistration) async throws {
        guard let service = MDNSService(registration, processName: processName, unique: unique) else {
            throw CapabilityError(
                .invalidArgument, "the app id \"\(registration.address.appID)\" is longer than a name of multicast DNS allows")
        }
        let isClosed = state.withLock { state in
            if state.status.phase == .closed { return true }
            state.services.insert(service)
            return false
        }
        guard !isClosed else { throw CapabilityError(.closed, "name resolution is closed") }
        say { $0.add(service) }
        // The second announcement, for those who missed the first.
        Task { [weak self, clock = environment.clock] in
            try? await clock.sleep(for: Self.announcementPause)
            guard let self, state.withLock({ $0.services.contains(service) }) else { return }
            say { $0.add(service) }
        }
    }

    public func withdraw(_ registration: AppRegistration) async {
        let service = state.withLock { state in
            let service = state.services.first { $0.registration == registration }
            if let service { state.services.remove(service) }
            return service
        }
        if let service { say { $0.remove(service) } }
    }

    /// Sends what each interface's responder has to say.
    private func say(_ message: (inout MDNSResponder) -> DNSMessage?) {
        let messages = state.withLock { state in
            var messages: [(link: MDNSLink, message: DNSMessage)] = []
            for (interface, entry) in state.links {
                var responder = entry.responder
                if let message = message(&responder) { messages.append((entry.link, message)) }
                state.links[interface] = (entry.link, responder)
            }
            return messages
        }
        for (link, message) in messages { link.send(message) }
    }

    // MARK: - Other apps

    public func resolve(_ target: AppAddress) async throws -> [PeerEndpoint] {
        guard let name = MDNSService.name(of: target.appID) else {
            throw CapabilityError(.invalidArgument, "the app id \"\(target.appID)\" is longer than a name of multicast DNS allows")
        }
        let (known, isClosed) = state.withLock { state in
            state.cache.watch(name, at: now)
            return (endpoints(of: target, name: name, state), state.status.phase == .closed)
        }
        guard !isClosed else { throw CapabilityError(.closed, "name resolution is closed") }
        guard known.isEmpty else { return known }
        await browse(name)
        return state.withLock { endpoints(of: target, name: name, $0) }
    }

    /// Own apps need no question.
    private func endpoints(of target: AppAddress, name: DNSName, _ state: borrowing State) -> [PeerEndpoint] {
        let own = state.services.filter { $0.registration.address == target }.map(\.registration.endpoint)
        return own.isEmpty ? state.cache.endpoints(of: target, name: name, at: now) : own
    }

    /// Asks, and waits until something is heard or the window is over.
    private func browse(_ name: DNSName) async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustAsk = state.withLock { state -> Bool? in
                    guard state.status.phase != .closed, !Task.isCancelled else { return nil }
                    let timer = Task { [clock = environment.clock] in
                        do { try await clock.sleep(for: Self.browseWindow) } catch { return }
                        finishBrowsing(name, id: id)
                    }
                    let isFirst = state.browsing[name] == nil
                    state.browsing[name, default: []].append(Waiter(id: id, continuation: continuation, timer: timer))
                    return isFirst
                }
                switch mustAsk {
                case nil: continuation.resume()
                case true?: ask(for: [name])
                case false?: break
                }
            }
        } onCancel: {
            finishBrowsing(name, id: id)
        }
    }

    /// Wakes one caller, or all who wait for the app.
    private func finishBrowsing(_ name: DNSName, id: UInt64? = nil) {
        let waiters = state.withLock { state in
            let waiters = state.browsing[name] ?? []
            let staying = id == nil ? [] : waiters.filter { $0.id != id }
            state.browsing[name] = staying.isEmpty ? nil : staying
            return waiters.filter { waiter in !staying.contains { $0.id == waiter.id } }
        }
        for waiter in waiters { waiter.wake() }
    }

    private func ask(for names: [DNSName]) {
        let links = state.withLock { $0.links.values.map(\.link) }
        for name in names {
            var query = DNSMessage()
            query.questions = [.init(name: name, type: .ptr)]
            for link in links { link.send(query) }
        }
    }

    private func received(_ message: DNSMessage, on interface: MDNSInterface) {
        let (answers, link, touched) = state.withLock { state -> ([DNSMessage], MDNSLink?, [DNSName]) in
            if message.isResponse { return ([], nil, state.cache.receive(message, at: now)) }
            guard var entry = state.links[interface] else { return ([], nil, []) }
            let answers = entry.responder.answers(to: message, at: now)
            state.links[interface] = entry
            return (answers, entry.link, [])
        }
        for answer in answers { link?.send(answer) }
        for name in touched { finishBrowsing(name) }
    }

    // MARK: - Upkeep

    private func refreshUntilClosed() async {
        while !Task.isCancelled {
            do { try await environment.clock.sleep(for: Self.refreshInterval) } catch { return }
            await openLinks()
            let names = state.withLock { state in
                let age = UInt64(Self.interest.wholeNanoseconds)
                state.cache.forget(notAskedSince: now > age ? now - age : 0)
                return state.cache.watched
            }
            ask(for: names)
        }
    }

    /// Opens links on interfaces that have none yet and closes those of interfaces that are gone.
    private func openLinks() async {
        let interfaces = MDNSLink.interfaces()
        let (known, gone) = state.withLock { state in
            let gone = state.links.filter { !interfaces.contains($0.key) }
            for interface in gone.keys { state.links[interface] = nil }
            return (Set(state.links.keys), gone.values.map(\.link))
        }
        for link in gone { await link.close() }
        var problems: [String] = []
        for interface in interfaces where !known.contains(interface) {
            do {
                let link = try await MDNSLink.open(interface, port: port, on: environment.eventLoopGroup) { [weak self] message in
                    self?.received(message, on: interface)
                }
                await adopt(link)
            } catch {
                problems.append("\(interface.name): \(error)")
            }
        }
        state.withLock { state in
            guard state.status.phase != .closed else { return }
            let reason = problems.isEmpty ? "no network interface multicasts" : problems.joined(separator: "; ")
            state.status = state.links.isEmpty ? ComponentStatus(.connecting, reason: "multicast is not available: \(reason)") : .ready
        }
    }

    private func adopt(_ link: MDNSLink) async {
        let announcements = state.withLock { state -> [DNSMessage]? in
            guard state.status.phase != .closed else { return nil }
            var responder = MDNSResponder(interface: link.interface)
            let announcements = state.services.compactMap { responder.add($0) }
            state.links[link.interface] = (link, responder)
            return announcements
        }
        guard let announcements else { return await link.close() }
        for announcement in announcements { link.send(announcement) }
    }
}

extension MDNSResolver {
    /// `nameresolution.mdns/v1`.
    public static let descriptor = ComponentDescriptor(
        type: "nameresolution.mdns",
        summary: "Finds apps on the local network by multicast DNS, as Dapr does by default.",
        fields: [],
        make: { _, environment in MDNSResolver(environment: environment) })
}
