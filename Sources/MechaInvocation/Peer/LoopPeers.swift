import MechaCore
import MechaWire
import NIOCore

/// What one event loop knows of the addresses of apps. Lives on its loop; hence the unchecked Sendable.
final class LoopPeers: @unchecked Sendable {
    typealias Completion = (Result<PeerEndpoint, InvocationError>) -> Void

    private let context: LoopContext
    private let resolver: any NameResolver
    private let limits: InvocationLimits
    private var known: [AppAddress: PeerSet] = [:]
    private var asking: [AppAddress: [Completion]] = [:]

    init(context: LoopContext, resolver: any NameResolver, limits: InvocationLimits) {
        self.context = context
        self.resolver = resolver
        self.limits = limits
    }

    /// Chooses a runtime of the app; ``ended(_:_:)`` or ``failed(_:_:)`` must follow a success. Completes at
    /// once when the addresses are known.
    func take(_ app: AppAddress, _ completion: @escaping Completion) {
        context.loop.assertInEventLoop()
        if var peers = known[app], !peers.isEmpty, peers.expiry > .now(), let endpoint = peers.take() {
            known[app] = peers
            return completion(.success(endpoint))
        }
        if asking[app] != nil {
            asking[app]?.append(completion)
            return
        }
        asking[app] = [completion]
        context.run { [self] in answer(app, await resolve(app)) }
    }

    func ended(_ app: AppAddress, _ endpoint: PeerEndpoint) { known[app]?.ended(endpoint) }

    func failed(_ app: AppAddress, _ endpoint: PeerEndpoint) { known[app]?.failed(endpoint) }

    /// Asks several times: an app that starts now is announced in a moment.
    private func resolve(_ app: AppAddress) async -> Result<[PeerEndpoint], InvocationError> {
        var failure: (any Error)?
        for attempt in 1...max(1, limits.resolveAttempts) {
            do {
                let endpoints = try await resolver.resolve(app)
                if !endpoints.isEmpty { return .success(endpoints) }
                failure = nil
            } catch {
                failure = error
            }
            if attempt < limits.resolveAttempts {
                try? await context.loop.scheduleTask(in: limits.resolveInterval) {}.futureResult.get()
            }
        }
        if let failure {
            return .failure(
                InvocationError(.unavailable, "failed to resolve the address of app \(app.appID): \(failure)", cause: failure))
        }
        return .failure(InvocationError(.appNotFound, "no address is known of app \(app.appID)"))
    }

    private func answer(_ app: AppAddress, _ result: Result<[PeerEndpoint], InvocationError>) {
        let waiting = asking.removeValue(forKey: app) ?? []
        switch result {
        case .failure(let error):
            known[app] = nil
            for completion in waiting { completion(.failure(error)) }
        case .success(let endpoints):
            if known.count >= limits.rememberedApps { known.removeAll() }
            known[app, default: PeerSet()].update(endpoints, expiry: .now() + limits.addressLifetime)
            for completion in waiting {
                let endpoint = known[app]?.take()
                completion(endpoint.map(Result.success) ?? .failure(.init(.appNotFound, "no address is known of app \(app.appID)")))
            }
        }
    }
}
