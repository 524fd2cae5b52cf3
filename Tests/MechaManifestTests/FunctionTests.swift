import Testing

@testable import MechaManifest

@Suite struct FunctionManifests {
    private func function(_ spec: String) -> ManifestReport {
        parse("apiVersion: mecha.io/v1alpha1\nkind: Function\nmetadata: {name: hello}\nspec:\n\(spec)")
    }

    @Test func `a function decodes completely`() throws {
        let report = function(
            """
              source: {file: hello.wasm, digest: "sha256:\(String(repeating: "AB", count: 32))"}
              abi: proxy-wasm
              configuration: text
              env: {A: 1, B: "x=y"}
              grants:
                state: [statestore]
                pubsub: ["*"]
                bindings: [b]
                secrets: [s]
                configuration: [c]
                locks: [l]
                invoke: [other]
                env: [HOME]
                arguments: [-v]
                clock: true
                random: true
                stdout: true
                folders: {/data: {path: ./data, writable: true}, /ro: {path: /srv}}
              limits: {memory: 8Mi, cpu: 50ms, time: 2s, stack: 64Ki, request: 1Ki, response: 2Ki, outboundCalls: 3, log: 4Ki, concurrency: 5, queue: 6}
              scaling: {isolation: reused, maxRequests: 7, maxMemory: 1Mi, minInstances: 2, idle: 1m}
              triggers:
                - http: {path: orders, host: Shop.example, methods: [post]}
                - cron: {schedule: "@every 30s", timezone: UTC, route: tick}
                  alias: dev
                - topic: {pubsub: pubsub, topic: orders, deadLetterTopic: dead}
                - binding: {name: queue}
              aliases:
                prod: {weights: {1: 90, latest: 10}, stickiness: {cookie: who}}
                dev: {weights: {latest: 1}, stickiness: {header: x-user}}
              build: {command: make}
            """)
        #expect(report.errorTexts + report.warningTexts == [])
        let spec = try #require(report.resources.functions.first?.spec)
        #expect(spec.source == .init(file: "hello.wasm", digest: String(repeating: "ab", count: 32)))
        #expect(spec.abi == .proxyWasm && spec.configuration == "text" && spec.environment == ["A": "1", "B": "x=y"])
        #expect(spec.grants.state == ["statestore"] && spec.grants.pubsub == ["*"] && spec.grants.arguments == ["-v"])
        #expect(spec.grants.clock && spec.grants.random && spec.grants.stdout)
        #expect(spec.grants.folders == ["/data": .init(path: "./data", isWritable: true), "/ro": .init(path: "/srv", isWritable: false)])
        #expect(spec.limits.memoryBytes == 8 << 20 && spec.limits.cpu == .milliseconds(50) && spec.limits.wall == .seconds(2))
        #expect(spec.limits.stackBytes == 64 << 10 && spec.limits.requestBytes == 1_024 && spec.limits.responseBytes == 2_048)
        #expect(spec.limits.outboundCalls == 3 && spec.limits.logBytes == 4_096 && spec.limits.concurrency == 5 && spec.limits.queue == 6)
        #expect(spec.scaling.isolation == .reused && spec.scaling.maximumRequests == 7 && spec.scaling.maximumMemoryBytes == 1 << 20)
        #expect(spec.scaling.minimumInstances == 2 && spec.scaling.idle == .seconds(60))
        #expect(
            spec.triggers == [
                .init(event: .http(path: "/orders", host: "shop.example", methods: ["POST"]), alias: nil),
                .init(event: .cron(schedule: "@every 30s", timeZone: "UTC", route: "/tick"), alias: "dev"),
                .init(event: .topic(pubsub: "pubsub", topic: "orders", route: "/orders", deadLetterTopic: "dead"), alias: nil),
                .init(event: .binding(name: "queue"), alias: nil),
            ])
        #expect(
            spec.aliases == [
                "prod": .init(weights: ["1": 90, "latest": 10], stickiness: .cookie("who")),
                "dev": .init(weights: ["latest": 1], stickiness: .header("x-user")),
            ])
        #expect(spec.build == .init(command: "make"))
    }

    @Test func `the least that a function needs is a file`() throws {
        let report = function("  source: {file: a.wasm}")
        #expect(report.errorTexts + report.warningTexts == [])
        let spec = try #require(report.resources.functions.first?.spec)
        #expect(spec.abi == nil && spec.triggers.isEmpty && spec.aliases.isEmpty && spec.grants == .init() && spec.limits == .init())
        #expect(function("  abi: mecha").errors.map(\.field).contains("spec.source"))
    }

    @Test func `what is wrong is told with its place and what was expected`() {
        let report = function(
            """
              source: {file: a.wasm, digest: abc}
              abi: proxywasm
              grants: {folders: {data: {path: x}}}
              limits: {memory: 1, cpu: fast, concurrency: 0}
              scaling: {isolation: reusd}
              triggers:
                - {alias: dev}
                - {http: {path: /a}, cron: {schedule: "@daily"}}
                - {cron: {}}
                - {http: {path: "/a b"}, alias: 1x}
              aliases:
                2nd: {weights: {1: 1}}
                prod: {weights: {0: 1, x: 2, 1: many}}
                none: {weights: {1: 0}}
                both: {weights: {1: 1}, stickiness: {header: a, cookie: b}}
              grant: {}
            """)
        let errors = report.errors.map { "\($0.location.line ?? 0) \($0.field ?? "-") \($0.message)" }
        for expected in [
            #"5 spec.source.digest is "abc"; expected sha256: and 64 hexadecimal digits"#,
            #"6 spec.abi is "proxywasm" (did you mean "proxy-wasm"?); expected one of mecha, proxy-wasm, http-wasm, component, wasi-http"#,
            "8 spec.limits.memory is 1 bytes; expected 65536 to 4294967296 bytes",
            #"8 spec.limits.cpu is "fast"; expected a duration such as 500ms, 5s or 1h30m"#,
            "8 spec.limits.concurrency is 0; expected a number from 1 to 100000",
            #"9 spec.scaling.isolation is "reusd" (did you mean "reused"?); expected one of fresh, reused"#,
            "11 spec.triggers[0] names no event; expected one of http, cron, topic, binding, state, grpc",
            "12 spec.triggers[1] names more than one event; expected one of http, cron, topic, binding, state, grpc",
            "13 spec.triggers[2].cron.schedule is missing; expected a schedule such as @every 30s or */5 * * * *",
            #"14 spec.triggers[3].http.path is "/a b"; expected a path such as /orders"#,
            #"17 spec.aliases.prod.weights has "0"; expected numbers of revisions, or latest"#,
            #"17 spec.aliases.prod.weights.1 is "many"; expected a whole number from 0 to 1000000"#,
            "18 spec.aliases.none.weights give nobody a part; expected a weight above 0 for some revision, such as {latest: 100}",
            "19 spec.aliases.both.stickiness names both; expected header or cookie",
        ] { #expect(errors.contains(expected), "\(expected) is not among\n\(errors.joined(separator: "\n"))") }
        #expect(errors.contains { $0.contains("spec.aliases has \"2nd\"") })
        #expect(errors.contains { $0.contains("spec.grants.folders.data is no absolute path") })
        #expect(report.warnings.map(\.message) == [#"is unknown and ignored (did you mean "grants"?)"#])
        #expect(report.resources.functions.isEmpty)
    }

    @Test func `a function is declared once, in its own version`() {
        let text = "apiVersion: mecha.io/v1alpha1\nkind: Function\nmetadata: {name: f}\nspec: {source: {file: a}}\n"
        #expect(parse(text + "---\n" + text).errors.map(\.field) == ["metadata.name"])
        #expect(parse(text.replacing("mecha.io", with: "dapr.io")).errors.map(\.field) == ["apiVersion"])
    }
}
