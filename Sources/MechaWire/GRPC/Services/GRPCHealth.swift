import MechaProto
import Synchronization

/// The standard health service (`grpc.health.v1.Health`): whether the server, or one of its services, serves.
///
/// The empty name stands for the whole server, which serves from the start.
public final class GRPCHealth: Sendable {
    typealias Status = Grpc_Health_V1_HealthCheckResponse.ServingStatus

    private struct State {
        var statuses: [String: Status] = ["": .serving]
        var watchers: [UInt64: (service: String, changes: AsyncStream<Status>.Continuation)] = [:]
        var lastWatcher: UInt64 = 0
        var isShutDown = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Says whether `service` serves, which all who watch it hear. Ignored after ``shutDown()``.
    public func set(_ isServing: Bool, for service: String = "") {
        state.withLock { state in
            guard !state.isShutDown else { return }
            set(isServing ? .serving : .notServing, for: service, in: &state)
        }
    }

    /// The server is draining: nothing serves from now on, and watching ends, so that it holds no drain up.
    public func shutDown() {
        state.withLock { state in
            state.isShutDown = true
            for service in state.statuses.keys { set(.notServing, for: service, in: &state) }
            for watcher in state.watchers.values { watcher.changes.finish() }
            state.watchers = [:]
        }
    }

    private func set(_ status: Status, for service: String, in state: inout State) {
        guard state.statuses.updateValue(status, forKey: service) != status else { return }
        for watcher in state.watchers.values where watcher.service == service { watcher.changes.yield(status) }
    }

    /// Adds the service's methods to `router`.
    public func register(in router: inout GRPCRouter) {
        router.unary(HealthMethods.check) { [self] request, _ in
            guard let status = state.withLock({ $0.statuses[request.service] }) else {
                throw GRPCStatus(.notFound, "no health is known of a service of that name")
            }
            return .with { $0.status = status }
        }
        router.unary(HealthMethods.list) { [self] _, _ in
            let statuses = state.withLock { $0.statuses }
            return .with { $0.statuses = statuses.mapValues { status in .with { $0.status = status } } }
        }
        router.serverStreaming(HealthMethods.watch) { [self] request, responses, _ in
            let (id, changes) = watch(request.service)
            defer { forget(id) }
            for await status in changes { try await responses.send(.with { $0.status = status }) }
        }
    }

    /// The present status, then the latest change whenever the reader is ready for one.
    private func watch(_ service: String) -> (id: UInt64, changes: AsyncStream<Status>) {
        let (changes, continuation) = AsyncStream.makeStream(of: Status.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.lastWatcher += 1
            continuation.yield(state.statuses[service] ?? .serviceUnknown)
            if state.isShutDown { continuation.finish() } else { state.watchers[state.lastWatcher] = (service, continuation) }
            return state.lastWatcher
        }
        return (id, changes)
    }

    private func forget(_ id: UInt64) { state.withLock { $0.watchers[id] = nil } }
}
