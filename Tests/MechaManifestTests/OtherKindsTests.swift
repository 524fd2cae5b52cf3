import MechaCore
import Testing

@testable import MechaManifest

@Suite struct OtherManifests {
    @Test func `a v2alpha1 subscription decodes completely`() throws {
        let report = parse(Samples.subscription)
        #expect(report.errorTexts + report.warningTexts == [])
        let resource = try #require(report.resources.subscriptions.first)
        #expect(resource.scopes == ["a"])
        #expect(resource.spec.pubsubName == "pubsub" && resource.spec.topic == "orders")
        #expect(resource.spec.rules == [.init(match: #"event.type == "big""#, path: "/big")])
        #expect(resource.spec.defaultRoute == "/orders")
        #expect(resource.spec.metadata == ["rawPayload": "true"])
        #expect(resource.spec.deadLetterTopic == "dead")
        #expect(resource.spec.bulk == .init(maximumMessages: 10, maximumWait: .milliseconds(50)))
    }

    @Test func `a v1alpha1 subscription has one route`() throws {
        let report = parse(
            """
            apiVersion: dapr.io/v1alpha1
            kind: Subscription
            metadata: {name: s}
            spec: {pubsubname: p, topic: t, route: /r, bulkSubscribe: {enabled: false}}
            """)
        let spec = try #require(report.resources.subscriptions.first?.spec)
        #expect(spec.rules.isEmpty && spec.defaultRoute == "/r" && spec.bulk == nil)
        let bad = parse("apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {name: s}\nspec: {pubsubname: p, topic: t, route: /r}")
        #expect(bad.errors.map(\.field) == ["spec.routes"])
        #expect(bad.warnings.map(\.field) == ["spec.route"])
    }

    @Test func `a resiliency resource decodes completely`() throws {
        let report = parse(Samples.resiliency)
        #expect(report.errorTexts + report.warningTexts == [])
        let spec = try #require(report.resources.resiliencies.first?.spec)
        #expect(spec.timeouts == ["short": .milliseconds(500), "plain": .milliseconds(1500)])
        let often = try #require(spec.retries["often"])
        #expect(often.kind == .exponential && often.maximumInterval == .seconds(15) && often.maximumRetries == 10)
        #expect(often.httpStatusCodes?.contains(429) == true && often.httpStatusCodes?.contains(550) == true)
        #expect(often.httpStatusCodes?.contains(430) == false && often.grpcStatusCodes?.description == "1,4-6")
        let plain = try #require(spec.retries["plain"])
        #expect(plain.kind == .constant && plain.duration == .seconds(5) && plain.maximumRetries == nil && plain.httpStatusCodes == nil)
        #expect(
            spec.circuitBreakers == [
                "breaker": .init(maximumRequests: 2, interval: .seconds(8), timeout: .seconds(45), trip: "consecutiveFailures > 8")
            ])
        #expect(spec.apps["other"]?.policies == .init(timeout: "short", retry: "often", circuitBreaker: "breaker"))
        #expect(spec.apps["other"]?.circuitBreakerCacheSize == 7)
        #expect(spec.actors["counter"]?.circuitBreakerScope == .type && spec.actors["counter"]?.circuitBreakerCacheSize == 5_000)
        #expect(spec.components["statestore"]?.outbound?.timeout == "plain" && spec.components["statestore"]?.inbound == nil)
    }

    @Test func `wrong resiliency values and unknown policies are reported`() {
        let report = parse(
            """
            apiVersion: dapr.io/v1alpha1
            kind: Resiliency
            metadata: {name: r}
            spec:
              policies:
                timeouts: {general: x}
                retries: {r: {policy: linear, maxRetries: -2, matching: {httpStatusCodes: "500-400", gRPCStatusCodes: "17"}}}
              targets: {actors: {a: {circuitBreaker: b}}}
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Resiliency
            metadata: {name: s}
            spec:
              policies: {retries: {important: {duration: 1s}}}
              targets: {apps: {x: {retry: importent, timeout: t}}}
            """)
        #expect(
            report.errors.map { "\($0.location.line ?? 0) \($0.field ?? "-") \($0.message)" } == [
                #"6 spec.policies.timeouts.general is "x"; expected a duration such as 500ms, 5s or 1h30m"#,
                #"7 spec.policies.retries.r.policy is "linear"; expected one of constant, exponential"#,
                #"7 spec.policies.retries.r.maxRetries is -2; expected a number of at least -1"#,
                #"7 spec.policies.retries.r.matching.httpStatusCodes is "500-400"; expected codes and ranges from 100 to 599 such as 429,500-599"#,
                #"7 spec.policies.retries.r.matching.gRPCStatusCodes is "17"; expected codes and ranges from 0 to 16 such as 1,4-6"#,
                #"8 spec.targets.actors.a.circuitBreakerScope is missing; expected one of type, id, both, as circuitBreaker is given"#,
            ])
        #expect(
            report.warningTexts == [
                #"test.yaml:15:51: Resiliency/s spec.targets.apps.x.timeout names no policy: "t" is not defined"#,
                #"test.yaml:15:31: Resiliency/s spec.targets.apps.x.retry names no policy: "importent" is not defined (did you mean "important"?)"#,
            ])
    }

    @Test func `a policy that does not exist is named with the line where it is asked for`() {
        let report = parse(
            """
            apiVersion: dapr.io/v1alpha1
            kind: Resiliency
            metadata: {name: policies}
            spec:
              policies:
                timeouts:
                  general: 5s
                circuitBreakers:
                  simple: {timeout: 1s}
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Resiliency
            metadata: {name: targets}
            spec:
              targets:
                apps:
                  shop:
                    timeout: genral
                    retry: DaprBuiltInServiceRetries
                    circuitBreaker: simple
                actors:
                  cart:
                    retry: nobody
                    circuitBreaker: Simple
                    circuitBreakerScope: both
                components:
                  bus:
                    inbound:
                      retry: DaprBuiltInServiceRetry
                      timeout: general
                    outbound: {circuitBreaker: sinple}
            """)
        #expect(report.errorTexts == [])
        #expect(
            report.warningTexts == [
                #"test.yaml:23:16: Resiliency/targets spec.targets.actors.cart.retry names no policy: "nobody" is not defined"#,
                #"test.yaml:24:25: Resiliency/targets spec.targets.actors.cart.circuitBreaker names no policy: "Simple" is not defined (did you mean "simple"?)"#,
                #"test.yaml:18:18: Resiliency/targets spec.targets.apps.shop.timeout names no policy: "genral" is not defined (did you mean "general"?)"#,
                #"test.yaml:29:18: Resiliency/targets spec.targets.components.bus.inbound.retry names no policy: "DaprBuiltInServiceRetry" is not defined (did you mean "DaprBuiltInServiceRetries"?)"#,
                #"test.yaml:31:36: Resiliency/targets spec.targets.components.bus.outbound.circuitBreaker names no policy: "sinple" is not defined (did you mean "simple"?)"#,
            ])
    }

    @Test func `a resource that only moved has the same content`() {
        func resource(_ lead: String) -> ResiliencyResource? {
            parse(
                lead
                    + """
                    apiVersion: dapr.io/v1alpha1
                    kind: Resiliency
                    metadata: {name: r}
                    spec:
                      policies: {timeouts: {t: 1s}}
                      targets: {apps: {x: {timeout: t}}}
                    """
            ).resources.resiliencies.first
        }
        #expect(resource("") != nil)
        #expect(resource("").flatMap { a in resource("# a line\n").map { a.hasSameContent(as: $0) } } == true)
    }

    @Test func `an HTTP endpoint decodes completely`() throws {
        let report = parse(Samples.httpEndpoint)
        #expect(report.errorTexts + report.warningTexts == [])
        let resource = try #require(report.resources.httpEndpoints.first)
        #expect(resource.secretStore == "vault")
        #expect(resource.spec.baseURL == "https://api.github.com:443/v3")
        #expect(
            resource.spec.headers == [
                NamedValue("Accept", .text("application/json")),
                NamedValue("Authorization", .secret(SecretReference(name: "github", key: "token"))),
            ])
        #expect(
            resource.spec.clientTLS
                == .init(
                    rootCA: .secret(SecretReference(name: "ca", key: "ca.crt")), certificate: .text("PEM"), privateKey: .environment("KEY"),
                    renegotiation: .onceAsClient))
    }

    @Test(arguments: ["localhost:80", "ftp://x", "http://", "http://:80", "http://a b", "https:///path"])
    func `a base URL must be an HTTP URL`(url: String) {
        let report = parse(
            """
            apiVersion: dapr.io/v1alpha1
            kind: HTTPEndpoint
            metadata: {name: e}
            spec: {baseUrl: '\(url)', clientTLS: {certificate: {value: x}}}
            """)
        #expect(report.errors.map(\.field) == ["spec.baseUrl", "spec.clientTLS"])
    }

    @Test func `kinds that are not used are ignored with a warning`() {
        let report = parse(
            """
            apiVersion: dapr.io/v1alpha1
            kind: MCPServer
            metadata: {name: m}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: d}
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Componnent
            metadata: {name: c}
            ---
            redis-password: hunter2
            ---
            apiVersion: dapr.io/v1alpha1
            spec: {}
            """)
        #expect(report.errors.map(\.field) == ["kind"])
        #expect(report.warnings.map(\.resource) == ["MCPServer/m", "Deployment/d", "Componnent/c", nil])
        #expect(report.warnings[2].message.contains("did you mean \"Component\"?"))
        #expect(!report.warningTexts.joined().contains("hunter2"))
    }

    @Test func `a resource declared twice is an error that names the first place`() {
        let one = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: c}\nspec: {type: a.b}"
        let other = one.replacing("name: c", with: "name: c, namespace: n")
        let report = parse([one, other, one].joined(separator: "\n---\n"))
        #expect(report.errorTexts == ["test.yaml:11: Component/c metadata.name is declared twice; it stands in test.yaml:1 already"])
        #expect(report.resources.components.map(\.namespace) == ["", "n"])
    }
}
