import MechaCore
import MechaInvocation
import MechaManifest
import MechaWire

extension AppRuntime {
    /// Makes the app able to call others and to be found by them.
    ///
    /// - Parameters:
    ///   - internalPort: where this app's runtime listens for its peers.
    ///   - ports: the API ports, published for tools.
    public func joinMesh(internalPort: Int?, httpPort: Int?, grpcPort: Int?) async throws {
        let resolver = try await startNameResolver()
        let forwarder = Forwarder(address: options.internalListenAddress, hostName: host.hostName)
        host.apps.add(app)
        install(
            Invoker(
                own: app, apps: host.apps, client: host.client, resolver: resolver?.resolver, forwarder: forwarder,
                observer: InvocationTelemetry(telemetry.metrics), endpointPipeline: appPipeline,
                endpoint: { [weak self] name in self?.inForce { $0.httpEndpoints[name] } },
                policies: { [weak self] name in self?.policies.app(name) }))
        if let resolver, let internalPort {
            let registration = AppRegistration(
                address: address, endpoint: PeerEndpoint(host: options.internalListenAddress, port: internalPort),
                httpPort: httpPort, grpcPort: grpcPort)
            do {
                try await resolver.resolver.announce(registration)
            } catch {
                logger.warning("the app cannot be announced to other runtimes: \(describe(error))")
            }
            keep(Membership(resolver: resolver.resolver, poolKey: resolver.key, registration: registration))
        }
    }

    /// Takes the app out of the mesh again.
    public func leaveMesh() async {
        host.apps.remove(app)
        guard let membership = takeMembership() else { return }
        await membership.resolver.withdraw(membership.registration)
        await host.componentPool.release(membership.poolKey)
    }

    /// What has to be undone when the app leaves.
    struct Membership: Sendable {
        let resolver: any NameResolver
        let poolKey: ComponentPool.Key
        let registration: AppRegistration
    }

    /// Configuration `spec.nameResolution`, or the registry of this host.
    private func startNameResolver() async throws -> (resolver: any NameResolver, key: ComponentPool.Key)? {
        let wanted = configuration.nameResolution
        let type = "nameresolution.\(wanted?.component ?? "sqlite")"
        if host.catalog.isPlanned(type) {
            logger.warning("name resolution \(type) is not available in this version; other runtimes are not found")
            return nil
        }
        let descriptor = try host.catalog.descriptor(type: type, version: wanted?.version ?? "v1")
        let metadata = ComponentMetadata(
            (wanted?.configuration.objectValue ?? []).map { ($0.name, $0.value.stringValue ?? $0.value.text) })
        for warning in try metadata.validate(against: descriptor.fields) { logger.warning("\(type): \(warning)") }
        let key = ComponentPool.Key(type: type, version: "v1", name: type, metadata: metadata, owner: nil)
        let (instance, isNew) = try host.componentPool.acquire(key) {
            try descriptor.make(metadata, host.componentEnvironment(name: type, app: options))
        }
        guard let resolver = instance as? any NameResolver else { return nil }
        if isNew { try await resolver.start() }
        return (resolver, key)
    }
}
