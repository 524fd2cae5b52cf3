import Logging
import MechaCore
import MechaWire
import Synchronization

/// Keeps an issuer's keys: fetched when first needed, again when they are old, and when a token names a key
/// that is not among them (an issuer changes its keys without notice).
final class KeySetCache: Sendable {
    /// Age at which keys are fetched again, while the old ones go on being used.
    static let maximumAge = Duration.seconds(600)
    /// Between two fetches, whatever tokens say: nobody can make the runtime ask an issuer more often.
    static let minimumPause = Duration.seconds(10)

    private struct State {
        var keys: JSONWebKeySet?
        var fetchedAt: UInt64 = 0
        var triedAt: UInt64?
        var fetch: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let clock: any MechaClock
    private let logger: Logger
    private let load: @Sendable () async throws -> JSONWebKeySet

    init(clock: any MechaClock, logger: Logger, load: @escaping @Sendable () async throws -> JSONWebKeySet) {
        self.clock = clock
        self.logger = logger
        self.load = load
    }

    /// The keys as far as they are known; begins to fetch them again when they are old.
    var current: JSONWebKeySet? {
        let now = clock.monotonicNanoseconds()
        return state.withLock { state in
            if state.keys != nil, now - state.fetchedAt > UInt64(Self.maximumAge.wholeNanoseconds) { _ = fetch(&state, at: now) }
            return state.keys
        }
    }

    /// The keys after a fetch, unless the last one was just now.
    func refreshed() async -> JSONWebKeySet? {
        let now = clock.monotonicNanoseconds()
        let task = state.withLock { fetch(&$0, at: now) }
        await task?.value
        return state.withLock { $0.keys }
    }

    /// The fetch under way, or a new one if that is allowed by now.
    private func fetch(_ state: inout State, at now: UInt64) -> Task<Void, Never>? {
        if let fetch = state.fetch { return fetch }
        if let triedAt = state.triedAt, now - triedAt < UInt64(Self.minimumPause.wholeNanoseconds) { return nil }
        state.triedAt = now
        let task = Task { [self] in
            do {
                let keys = try await load()
                self.state.withLock {
                    $0.keys = keys
                    $0.fetchedAt = clock.monotonicNanoseconds()
                    $0.fetch = nil
                }
            } catch {
                logger.warning("keys of the token issuer cannot be fetched: \(error)")
                self.state.withLock { $0.fetch = nil }
            }
        }
        state.fetch = task
        return task
    }
}
