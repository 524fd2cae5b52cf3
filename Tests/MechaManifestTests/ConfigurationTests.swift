import MechaCore
import Testing

@testable import MechaManifest

@Suite struct ConfigurationManifests {
    @Test func `every field decodes`() throws {
        let report = parse(Samples.configuration)
        #expect(report.errorTexts == [])
        #expect(report.warningTexts == [])
        let spec = try #require(report.resources.configurations.first?.spec)
        #expect(spec.tracing.samplingRate == 0.5)
        #expect(spec.tracing.writesToStandardOutput)
        #expect(spec.tracing.zipkinEndpoint == "http://localhost:9411/api/v2/spans")
        let otel = try #require(spec.tracing.otel)
        #expect(otel.transport == .http)
        #expect(otel.endpointAddress == "localhost:4318")
        #expect(!otel.isSecure)
        #expect(otel.headers == "a=b,c=d")
        #expect(otel.timeout == .milliseconds(2500))
        #expect(spec.metrics.isEnabled && spec.metrics.recordsErrorCodes && spec.metrics.excludesVerbs)
        #expect(spec.metrics.hasIncreasedCardinality == false)
        #expect(spec.metrics.pathMatching == ["/orders/{id}"])
        #expect(spec.metrics.latencyBuckets == [1, 10, 100])
        #expect(spec.metrics.workflowLatencyBuckets == [5, 50])
        #expect(spec.metrics.workflowLatencyUnit == "seconds")
        #expect(
            spec.metrics.rules == [
                .init(name: "dapr_runtime", labels: [.init(name: "method", patterns: ["orders/": "orders/.+"])])
            ])
        #expect(spec.httpPipeline.map(\.name) == ["limit"])
        #expect(spec.httpPipeline.first?.selector == [.init(field: "f", value: "v")])
        #expect(spec.appHTTPPipeline.map(\.type) == ["middleware.http.bearer"])
        #expect(spec.accessControl.defaultAction == .deny)
        #expect(spec.accessControl.trustDomain == "td")
        let policy = try #require(spec.accessControl.policies.first)
        #expect(policy.appID == "caller" && policy.namespace == "ns" && policy.trustDomain == "public")
        #expect(policy.defaultAction == .allow)
        #expect(policy.operations == [.init(name: "/op/*", verbs: ["GET", "*"], action: .deny)])
        let scope = try #require(spec.secretScopes.first)
        #expect(scope.allows("a") && !scope.allows("b"))
        #expect(spec.nameResolution?.component == "sqlite")
        #expect(spec.nameResolution?.configuration["connectionString"]?.stringValue == "/tmp/names.db")
        #expect(spec.isEnabled(feature: "ActorStateTTL"))
        #expect(!spec.isEnabled(feature: "HotReload"))
        #expect(spec.api.allowed == [.init(name: "state", version: "v1", transport: .http)])
        #expect(spec.api.denied == [.init(name: "actors", version: "v1", transport: .grpc)])
        #expect(spec.deniedComponents == ["bindings.smtp", "state.redis/v1"])
        #expect(spec.apiLogging == .init(isEnabled: true, obfuscatesURLs: true, omitsHealthChecks: true))
        #expect(spec.isWasmSandboxStrict)
        #expect(spec.mtls.isEnabled)
        #expect(spec.mtls.workloadCertificateLifetime == .seconds(3600))
        #expect(spec.mtls.allowedClockSkew == .seconds(60))
        #expect(spec.mtls.sentryAddress == "localhost:50001")
        #expect(spec.mtls.controlPlaneTrustDomain == "cluster.local")
        #expect(spec.mtls.tokenValidators.map(\.name) == ["jwks"])
        #expect(spec.workflow.maximumConcurrentWorkflows == 10)
        #expect(spec.workflow.maximumConcurrentActivities == nil)
        #expect(spec.workflow.globalMaximumConcurrentWorkflows == 100)
        #expect(spec.workflow.globalMaximumConcurrentActivities == 200)
        #expect(spec.workflow.workflowConcurrencyLimits == ["order": 3])
        #expect(spec.workflow.activityConcurrencyLimits == ["pay": 4])
        #expect(spec.workflow.stateRetention.anyTerminal == .seconds(86_400))
        #expect(spec.workflow.stateRetention.completed == .seconds(60))
    }

    @Test func `nothing written means defaults`() throws {
        let report = parse("apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: c}")
        #expect(report.errorTexts + report.warningTexts == [])
        let spec = try #require(report.resources.configurations.first?.spec)
        #expect(spec == ConfigurationSpec())
        #expect(spec.tracing.samplingRate == nil && spec.tracing.otel == nil && spec.tracing.zipkinEndpoint == nil)
        #expect(spec.metrics.isEnabled && spec.metrics.hasIncreasedCardinality == nil && !spec.metrics.recordsErrorCodes)
        #expect(spec.accessControl.defaultAction == nil && spec.accessControl.trustDomain == "public")
        #expect(spec.isEnabled(feature: "HotReload") && !spec.isEnabled(feature: "ActorStateTTL"))
        #expect(spec.mtls.workloadCertificateLifetime == .seconds(86_400))
        #expect(spec.apiLogging.isEnabled == nil)
    }

    @Test func `wrong values are errors with their path`() {
        let report = configuration(
            """
              tracing: {samplingRate: "2", otel: {protocol: tcp, endpointAddress: x, headers: "a,b=c"}}
              metric: {http: {pathMatching: x}, latencyDistributionBuckets: [3, 2, x]}
              accessControl: {defaultAction: alow, policies: [{operations: [{name: /a}]}]}
              secrets: {scopes: [{storeName: s}, {storeName: s, defaultAccess: no}]}
              api: {allowed: [{name: state, version: v1, protocol: htp}, {name: stats, version: v1}]}
              mtls: {workloadCertTTL: -5s}
              workflow: {maxConcurrentWorkflowInvocations: -1, workflowConcurrencyLimits: [{name: a, maxConcurrent: 0}]}
            """)
        #expect(
            report.errors.map { "\($0.field ?? "-") \($0.message)" } == [
                #"spec.tracing.samplingRate is "2"; expected a number from 0 to 1"#,
                #"spec.tracing.otel.protocol is "tcp"; expected one of grpc, http"#,
                #"spec.tracing.otel.headers are not pairs; expected name=value pairs with commas between them"#,
                #"spec.metric.http.pathMatching is a single value; expected a list"#,
                #"spec.metric.latencyDistributionBuckets[2] is not a number; expected a whole number"#,
                #"spec.metric.latencyDistributionBuckets are not in order; expected growing numbers, none negative"#,
                #"spec.accessControl.defaultAction is "alow" (did you mean "allow"?); expected one of allow, deny"#,
                #"spec.accessControl.policies[0].appId is missing; expected the calling app's id"#,
                #"spec.accessControl.policies[0].operations[0].action is missing; expected allow or deny"#,
                #"spec.secrets.scopes[1].defaultAccess is "no"; expected one of allow, deny"#,
                #"spec.secrets.scopes[1].storeName is "s" again; expected each store once"#,
                #"spec.api.allowed[0].protocol is "htp" (did you mean "http"?); expected one of http, grpc"#,
                #"spec.api.allowed[1].protocol is missing; expected http or grpc"#,
                #"spec.mtls.workloadCertTTL is "-5s"; expected a duration such as 500ms, 5s or 1h30m"#,
                #"spec.workflow.maxConcurrentWorkflowInvocations is -1; expected a number from 0 to 2147483647"#,
                #"spec.workflow.workflowConcurrencyLimits[0].maxConcurrent is 0; expected a number from 1 to 2147483647"#,
            ])
        #expect(report.warnings.map(\.field) == ["spec.api.allowed[1].name"])
        #expect(report.resources.configurations.isEmpty)
    }

    @Test func `later configurations win value by value and replace lists whole`() {
        let first = configuration(
            """
              tracing: {samplingRate: "1", zipkin: {endpointAddress: "http://z"}}
              features: [{name: A, enabled: true}]
              metric: {enabled: false}
            """)
        let second = configuration(
            """
              tracing: {samplingRate: "0.1"}
              features: [{name: B, enabled: true}]
              metrics: {recordErrorCodes: true}
            """)
        let merged = ConfigurationSpec.merged((first.resources.configurations + second.resources.configurations).map(\.spec))
        #expect(merged.tracing.samplingRate == 0.1)
        #expect(merged.tracing.zipkinEndpoint == "http://z")
        #expect(merged.features == ["B": true])
        #expect(!merged.metrics.isEnabled && merged.metrics.recordsErrorCodes)
        #expect(ConfigurationSpec.merged([]) == ConfigurationSpec())
    }

    @Test func `environment variables are put into values and cannot change the structure`() {
        let report = configuration(
            """
              tracing: {samplingRate: $RATE, zipkin: {endpointAddress: "http://${HOST}:9411$/$1$"}}
              nameResolution: {component: "${MISSING}x"}
            """, environment: ["RATE": "0.25", "HOST": "h\nfeatures: []"])
        #expect(report.errorTexts == [])
        #expect(report.warnings.map(\.message) == ["the environment variable MISSING is not set and counts as empty"])
        let spec = report.resources.configurations.first?.spec
        #expect(spec?.tracing.samplingRate == 0.25)
        #expect(spec?.tracing.zipkinEndpoint == "http://h\nfeatures: []:9411$/$1$")
        #expect(spec?.nameResolution?.component == "x")
    }

    @Test func `only configurations are expanded`() {
        let report = parse(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: c}\nspec: {type: a.b, metadata: [{name: x, value: $HOME}]}",
            environment: ["HOME": "/root"])
        #expect(report.resources.components.first?.spec.metadata.first?.value == .text("$HOME"))
    }
}
