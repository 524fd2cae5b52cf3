import MechaCore
import Synchronization

/// Answers of a resolver for a while, and one question at a time for each app: callers who ask while a
/// question is under way wait for its answer.
///
/// When a question fails, an older answer serves on for ``staleLimit``, so that a resolver that is away
/// for a moment does not take the apps away with it.
final class EndpointCache: Sendable {
    /// Apps remembered at most; beyond that the cache starts anew.
    static let maximumApps = 10_000

    private struct Entry {
        var endpoints: [PeerEndpoint]
        var freshUntil: UInt64
        var staleUntil: UInt64
    }

    private struct State {
        var entries: [AppAddress: Entry] = [:]
        var questions: [AppAddress: Task<[PeerEndpoint], any Error>] = [:]
        /// Grows with each ``forget(_:)``, so that an answer asked for before does not come back.
        var generation = 0
    }

    private let clock: any MechaClock
    private let freshness: UInt64
    private let staleLimit: UInt64
    private let state = Mutex(State())

    init(clock: any MechaClock, freshness: Duration, staleLimit: Duration) {
        self.clock = clock
        self.freshness = UInt64(max(0, freshness.wholeNanoseconds))
        self.staleLimit = UInt64(max(0, staleLimit.wholeNanoseconds))
    }

    /// The endpoints remembered, or what `ask` answers. An empty answer is not remembered: the app may
    /// appear at any moment.
    func endpoints(
        of app: AppAddress, _ ask: @escaping @Sendable (AppAddress) async throws -> [PeerEndpoint]
    ) async throws -> [PeerEndpoint] {
        let now = clock.monotonicNanoseconds()
        let step = state.withLock { state -> (known: [PeerEndpoint]?, question: Task<[PeerEndpoint], any Error>?) in
            if let entry = state.entries[app], now < entry.freshUntil { return (entry.endpoints, nil) }
            if let question = state.questions[app] { return (nil, question) }
            let generation = state.generation
            let question = Task { try await self.answer(app, generation: generation, ask) }
            state.questions[app] = question
            return (nil, question)
        }
        if let known = step.known { return known }
        return try await step.question?.value ?? []
    }

    func forget(_ app: AppAddress) {
        state.withLock { state in
            state.entries[app] = nil
            state.questions[app] = nil
            state.generation += 1
        }
    }

    private func answer(
        _ app: AppAddress, generation: Int, _ ask: @Sendable (AppAddress) async throws -> [PeerEndpoint]
    ) async throws -> [PeerEndpoint] {
        do {
            let endpoints = try await ask(app)
            finish(app, generation: generation, endpoints)
            return endpoints
        } catch {
            let now = clock.monotonicNanoseconds()
            let stale = state.withLock { state -> [PeerEndpoint]? in
                if state.generation == generation { state.questions[app] = nil }
                return state.entries[app].flatMap { now < $0.staleUntil ? $0.endpoints : nil }
            }
            guard let stale else { throw error }
            return stale
        }
    }

    private func finish(_ app: AppAddress, generation: Int, _ endpoints: [PeerEndpoint]) {
        let now = clock.monotonicNanoseconds()
        state.withLock { state in
            guard state.generation == generation else { return }
            state.questions[app] = nil
            if state.entries.count >= Self.maximumApps { state.entries = [:] }
            state.entries[app] =
                endpoints.isEmpty
                ? nil : Entry(endpoints: endpoints, freshUntil: now + freshness, staleUntil: now + freshness + staleLimit)
        }
    }
}
