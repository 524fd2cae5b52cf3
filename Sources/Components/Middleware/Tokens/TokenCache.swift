import MechaCore
import Synchronization

/// Keeps the runtime's own token until shortly before it expires; many requests share one fetch.
final class TokenCache: Sendable {
    /// Of a token whose lifetime the provider does not tell.
    static let assumedLifetime = Duration.seconds(3600)
    /// How long before its end a token is not used any more.
    static let margin = Duration.seconds(10)

    private struct State {
        var value: String?
        var validUntil: UInt64 = 0
        var fetch: Task<String, any Error>?
    }

    private let state = Mutex(State())
    private let clock: any MechaClock
    private let load: @Sendable () async throws -> TokenEndpoint.Token

    init(clock: any MechaClock, load: @escaping @Sendable () async throws -> TokenEndpoint.Token) {
        self.clock = clock
        self.load = load
    }

    /// The header's value, while it is valid.
    var current: String? {
        let now = clock.monotonicNanoseconds()
        return state.withLock { now < $0.validUntil ? $0.value : nil }
    }

    /// A new one, or the one that is being fetched.
    func fetched() async throws -> String {
        let task = state.withLock { state in
            if let fetch = state.fetch { return fetch }
            let task = Task { [self] in
                do {
                    let token = try await load()
                    let lifetime = token.lifetime ?? Self.assumedLifetime
                    // Of a short life, half is used.
                    let usable = max(lifetime - Self.margin, lifetime / 2)
                    self.state.withLock {
                        $0 = State(
                            value: token.headerValue,
                            validUntil: clock.monotonicNanoseconds() + UInt64(max(0, usable.wholeNanoseconds)))
                    }
                    return token.headerValue
                } catch {
                    self.state.withLock { $0.fetch = nil }
                    throw error
                }
            }
            state.fetch = task
            return task
        }
        return try await task.value
    }
}
