/// Complete documents of each kind, in which every field is set.
enum Samples {
    static let configuration = """
        apiVersion: dapr.io/v1alpha1
        kind: Configuration
        metadata:
          name: daprConfig
        spec:
          tracing:
            samplingRate: "0.5"
            stdout: true
            zipkin: {endpointAddress: "http://localhost:9411/api/v2/spans"}
            otel: {protocol: http, endpointAddress: "localhost:4318", isSecure: false, headers: "a=b,c=d", timeout: 2500}
          metric:
            enabled: false
            recordErrorCodes: true
            latencyDistributionBuckets: [1, 10, 100]
            workflow: {latencyDistributionBuckets: [5, 50], latencyDistributionUnits: seconds}
          metrics:
            enabled: true
            http: {increasedCardinality: false, pathMatching: ["/orders/{id}"], excludeVerbs: true}
            rules:
            - name: dapr_runtime
              labels:
              - name: method
                regex: {"orders/": "orders/.+"}
          httpPipeline:
            handlers:
            - {name: limit, type: middleware.http.ratelimit, version: v1, selector: {fields: [{field: f, value: v}]}}
          appHttpPipeline:
            handlers: [{name: bearer, type: middleware.http.bearer}]
          accessControl:
            defaultAction: deny
            trustDomain: td
            policies:
            - appId: caller
              namespace: ns
              trustDomain: public
              defaultAction: allow
              operations: [{name: "/op/*", httpVerb: [get, "*"], action: deny}]
          secrets:
            scopes: [{storeName: vault, defaultAccess: deny, allowedSecrets: [a], deniedSecrets: [b]}]
          nameResolution:
            component: sqlite
            version: v1
            configuration: {connectionString: /tmp/names.db}
          features: [{name: ActorStateTTL, enabled: true}, {name: HotReload, enabled: false}]
          api:
            allowed: [{name: state, version: v1, protocol: http}]
            denied: [{name: actors, version: v1, protocol: GRPC}]
          components: {deny: [bindings.smtp, state.redis/v1]}
          logging: {apiLogging: {enabled: true, obfuscateURLs: true, omitHealthChecks: true}}
          wasm: {strictSandbox: true}
          mtls:
            enabled: true
            workloadCertTTL: 1h
            allowedClockSkew: 1m
            sentryAddress: localhost:50001
            controlPlaneTrustDomain: cluster.local
            tokenValidators: [{name: jwks, options: {source: file}}]
          workflow:
            maxConcurrentWorkflowInvocations: 10
            maxConcurrentActivityInvocations: 0
            globalMaxConcurrentWorkflowInvocations: 100
            globalMaxConcurrentActivityInvocations: 200
            workflowConcurrencyLimits: [{name: order, maxConcurrent: 3}]
            activityConcurrencyLimits: [{name: pay, maxConcurrent: 4}]
            stateRetentionPolicy: {anyTerminal: 24h, completed: 1m, failed: 2m, terminated: 3m}
        """

    static let component = """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: statestore, namespace: prod}
        spec:
          type: state.redis
          version: v1
          initTimeout: 10s
          metadata:
          - {name: redisHost, value: "localhost:6379"}
          - name: redisPassword
            secretKeyRef: {name: redis, key: password}
          - {name: nested, value: {a: [1, true, "x"]}}
        auth: {secretStore: vault}
        scopes: [a, b]
        """

    static let subscription = """
        apiVersion: dapr.io/v2alpha1
        kind: Subscription
        metadata: {name: orders}
        spec:
          pubsubname: pubsub
          topic: orders
          routes:
            rules: [{match: event.type == "big", path: /big}]
            default: /orders
          metadata: {rawPayload: "true"}
          bulkSubscribe: {enabled: true, maxMessagesCount: 10, maxAwaitDurationMs: 50}
          deadLetterTopic: dead
        scopes: [a]
        """

    static let resiliency = """
        apiVersion: dapr.io/v1alpha1
        kind: Resiliency
        metadata: {name: resiliency}
        spec:
          policies:
            timeouts: {short: 500ms, plain: 1500}
            retries:
              often:
                policy: exponential
                maxInterval: 15s
                maxRetries: 10
                matching: {httpStatusCodes: "429,500-599", gRPCStatusCodes: "1,4-6"}
              steady: {policy: constant, duration: 2s}
              plain:
            circuitBreakers:
              breaker: {maxRequests: 2, interval: 8s, timeout: 45s, trip: consecutiveFailures > 8}
          targets:
            apps: {other: {timeout: short, retry: often, circuitBreaker: breaker, circuitBreakerCacheSize: 7}}
            actors: {counter: {retry: steady, circuitBreaker: breaker, circuitBreakerScope: type}}
            components:
              statestore: {outbound: {timeout: plain, retry: DaprBuiltInServiceRetries}}
              pubsub: {inbound: {retry: plain}}
        """

    static let httpEndpoint = """
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: github}
        spec:
          baseUrl: https://api.github.com:443/v3
          headers:
          - {name: Accept, value: application/json}
          - name: Authorization
            secretKeyRef: {name: github, key: token}
          clientTLS:
            rootCA: {secretKeyRef: {name: ca, key: ca.crt}}
            certificate: {value: PEM}
            privateKey: {envRef: KEY}
            renegotiation: OnceAsClient
        auth: {secretStore: vault}
        """

    static let all = [configuration, component, subscription, resiliency, httpEndpoint]
}
