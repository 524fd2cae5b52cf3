import MechaCore
import MechaWire
import NIOHTTP1

/// Finds an issuer's keys: where its discovery document says, or where the configuration does.
struct KeyDiscovery: Sendable {
    private let settings: BearerSettings
    private let fetcher: WebFetcher

    init(_ settings: BearerSettings, _ fetcher: WebFetcher) {
        self.settings = settings
        self.fetcher = fetcher
    }

    func keys() async throws -> JSONWebKeySet {
        let url = if let url = settings.keysURL { url } else { try await discovered() }
        let response = try await get(url)
        guard let keys = JSONWebKeySet(response.body), !keys.keys.isEmpty else {
            throw CapabilityError(.backend, "\(url.origin)\(url.target) has no keys that can be used")
        }
        return keys
    }

    private func discovered() async throws -> WebURL {
        let response = try await get(settings.discoveryURL)
        guard let document = try? JSON.parse(response.body), let text = document["jwks_uri"]?.stringValue, let url = WebURL(text) else {
            throw CapabilityError(.backend, "the discovery document of \(settings.issuer) names no jwks_uri")
        }
        // By the letter, as the specification asks: else a document of somebody else would do.
        guard document["issuer"]?.stringValue == settings.issuer else {
            throw CapabilityError(.backend, "the discovery document of \(settings.issuer) is of another issuer")
        }
        return url
    }

    private func get(_ url: WebURL) async throws -> ClientResponse {
        let response = try await fetcher.send(.GET, url, headers: ["accept": "application/json"])
        guard response.status == .ok else {
            throw CapabilityError(.backend, "\(url.origin)\(url.target) answered \(response.status.code)")
        }
        return response
    }
}
