import MechaCore
import MechaInvocation
import MechaManifest
import MechaWire

extension ComponentLoader {
    /// The HTTPEndpoint resources with their references resolved. One that cannot be resolved is left out
    /// and told in the log, because no other call depends on it.
    func endpoints(_ resources: [HTTPEndpointResource], secrets: [LoadedComponent]) async -> [String: HTTPEndpoint] {
        var endpoints: [String: HTTPEndpoint] = [:]
        for resource in resources {
            do {
                endpoints[resource.name] = try await endpoint(resource, secrets)
            } catch {
                logger.error("HTTPEndpoint not loaded: \(error)")
            }
        }
        return endpoints
    }

    private func endpoint(_ resource: HTTPEndpointResource, _ secrets: [LoadedComponent]) async throws -> HTTPEndpoint {
        let lookUp: ReferenceResolver.SecretLookup = { store, name, key in
            try await secret(key: key, of: name, in: store, among: secrets)
        }
        let headers = try await resolver.headers(of: resource, secret: lookUp).map { HTTPEndpoint.Header($0.0, $0.1) }
        var tls: ClientTLS?
        if let declared = resource.spec.clientTLS {
            func text(_ reference: ValueReference?, _ field: String) async throws -> String? {
                guard let reference else { return nil }
                return try await resolver.text(of: reference, field: "spec.clientTLS.\(field)", in: resource, secret: lookUp)
            }
            var options = ClientTLS()
            options.rootCertificates = try await text(declared.rootCA, "rootCA")
            options.certificateChain = try await text(declared.certificate, "certificate")
            options.privateKey = try await text(declared.privateKey, "privateKey")
            tls = options
        }
        return HTTPEndpoint(name: resource.name, url: try ServiceURL(resource.spec.baseURL), headers: headers, tls: tls)
    }
}
