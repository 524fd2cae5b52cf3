import MechaCore
import Testing

@testable import MechaManifest

@Suite struct Resolving {
    @Test func `placeholders stand for what the environment says, once`() {
        let ids = Counter()
        var template = MetadataTemplate(appID: "{uuid}app", namespace: "ns", podName: "pod") { ids.next() }
        #expect(template.expand("{uuid}-{uuid} {podName} {namespace} {appID} {other} {") == "id1-id2 pod ns.{uuid}app {uuid}app {other} {")
        template.podName = nil
        #expect(template.expand("{podName}") == nil)
        #expect(template.expand("plain") == "plain")
        template.namespace = ""
        template.appID = "a"
        #expect(template.expand("{namespace}") == "default.a")
    }

    @Test func `metadata gets secrets, variables and placeholders`() async throws {
        let component = component([
            NamedValue("a", .text("x-{appID}")), NamedValue("b", .environment("HOME")),
            NamedValue("c", .secret(SecretReference(name: "redis", key: "{appID}"))),
        ])
        let resolver = ReferenceResolver(
            template: MetadataTemplate(appID: "app"), environment: ["HOME": "{appID}"], defaultSecretStore: "local")
        let metadata = try await resolver.metadata(of: component) { store, name, key in "\(store)/\(name)/\(key)" }
        // Neither variables nor secrets are expanded: a password may well hold braces.
        #expect(metadata == ComponentMetadata([("a", "x-app"), ("b", "{appID}"), ("c", "local/redis/{appID}")]))
    }

    @Test func `an endpoint's headers are resolved from its own store`() async throws {
        let endpoint = try #require(parse(Samples.httpEndpoint).resources.httpEndpoints.first)
        let resolver = ReferenceResolver(template: MetadataTemplate(appID: "app"), environment: ["KEY": "k"], defaultSecretStore: "local")
        let headers = try await resolver.headers(of: endpoint) { store, name, key in "\(store)/\(name)/\(key)" }
        #expect(headers.map(\.0) == ["Accept", "Authorization"] && headers.map(\.1) == ["application/json", "vault/github/token"])
        let key = try #require(endpoint.spec.clientTLS?.privateKey)
        #expect(try await resolver.text(of: key, field: "k", in: endpoint) { _, _, _ in "" } == "k")
    }

    @Test(arguments: [
        (ValueReference.environment("DAPR_API_TOKEN"), "names the environment variable DAPR_API_TOKEN, which resources may not read"),
        (.environment("app_api_token"), "names the environment variable app_api_token, which resources may not read"),
        (.environment("HIDDEN"), "names the environment variable HIDDEN, which resources may not read"),
        (.environment("LISTED"), "names the environment variable LISTED, which is not set"),
        (.text("{podName}"), "uses {podName}; expected the environment variable POD_NAME to be set"),
        (
            .secret(SecretReference(name: "s")),
            "refers to a secret, but there is no secret store; expected auth.secretStore to name one"
        ),
    ])
    func `what cannot be resolved is an error with its place`(reference: ValueReference, message: String) async throws {
        let resolver = ReferenceResolver(
            template: MetadataTemplate(appID: "a"),
            environment: ["DAPR_API_TOKEN": "t", "APP_API_TOKEN": "t", "HIDDEN": "h", "DAPR_ENV_KEYS": "HOME LISTED"])
        let error = await #expect(throws: ManifestProblem.self) {
            try await resolver.metadata(of: component([NamedValue("x", .text("")), NamedValue("key", reference)])) { _, _, _ in "secret" }
        }
        #expect(error?.description == "f.yaml:3: Component/c spec.metadata[1] (key) \(message)")
    }

    @Test func `a secret that cannot be read names secret, key, store and cause`() async throws {
        let resolver = ReferenceResolver(template: MetadataTemplate(appID: "a"), environment: [:], defaultSecretStore: "local")
        let error = await #expect(throws: ManifestProblem.self) {
            try await resolver.metadata(of: component([NamedValue("p", .secret(SecretReference(name: "s")))])) { _, _, _ in
                throw CapabilityError(.notFound, "no such secret")
            }
        }
        #expect(error?.message == #"refers to the secret "s" (key "s") of the store "local", which cannot be read: no such secret"#)
    }

    private func component(_ metadata: [NamedValue]) -> ComponentResource {
        ComponentResource(name: "c", spec: ComponentSpec(type: "a.b", metadata: metadata), source: SourceLocation(file: "f.yaml", line: 3))
    }
}

private final class Counter: @unchecked Sendable {
    // Used by one task only.
    private var count = 0
    func next() -> String {
        count += 1
        return "id\(count)"
    }
}
