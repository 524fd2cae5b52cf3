import MechaCore
import Testing

@testable import MechaManifest

@Suite struct ComponentManifests {
    @Test func `a component decodes completely`() throws {
        let report = parse(
            """
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata:
              name: statestore
              namespace: prod
              labels: {team: a}
            spec:
              type: state.redis
              version: v2
              initTimeout: 1m30s
              ignoreErrors: true
              metadata:
              - name: redisHost
                value: localhost:6379
              - name: redisPassword
                secretKeyRef: {name: redis, key: password}
              - name: redisUsername
                secretKeyRef:
                  name: user
              - name: clientCert
                envRef: CERT
            auth:
              secretStore: vault
            scopes: [app1, app2]
            """)
        #expect(report.errorTexts == [])
        #expect(report.warningTexts == [])
        let component = try #require(report.resources.components.first)
        #expect(component.name == "statestore")
        #expect(component.namespace == "prod")
        #expect(component.secretStore == "vault")
        #expect(component.scopes == ["app1", "app2"])
        #expect(component.source == SourceLocation(file: "test.yaml", line: 1))
        #expect(component.spec.type == "state.redis")
        #expect(component.spec.block == "state")
        #expect(component.spec.version == "v2")
        #expect(component.spec.initTimeout == .seconds(90))
        #expect(component.spec.ignoresErrors)
        #expect(
            component.spec.metadata == [
                NamedValue("redisHost", .text("localhost:6379")),
                NamedValue("redisPassword", .secret(SecretReference(name: "redis", key: "password"))),
                NamedValue("redisUsername", .secret(SecretReference(name: "user", key: "user"))),
                NamedValue("clientCert", .environment("CERT")),
            ])
    }

    @Test func `what is not written has Dapr's defaults`() throws {
        let spec = try #require(component("type: state.redis").resources.components.first?.spec)
        #expect(spec == ComponentSpec(type: "state.redis", version: "v1", metadata: [], initTimeout: .seconds(5), ignoresErrors: false))
    }

    @Test(arguments: [
        ("1.10", "1.10"), ("yes", "yes"), ("On", "On"), ("true", "true"), ("True", "True"), ("0x1f", "0x1f"), ("007", "007"),
        ("1e3", "1e3"), ("12:30:00", "12:30:00"), ("2026-01-02", "2026-01-02"), ("'5'", "5"), ("\"a\\nb\"", "a\nb"),
        ("~", ""), ("null", ""), ("'null'", "null"), ("", ""), ("\"\"", ""),
        ("{a: 1, b: [true, x, 1.50]}", #"{"a":1,"b":[true,"x",1.50]}"#),
        ("[yes, '5', 5, ~]", #"["yes","5",5,null]"#), ("!!str 5", "5"),
    ])
    func `a metadata value stays what was written`(yaml: String, expected: String) throws {
        let report = component("type: a.b\nmetadata:\n- name: x\n  value: \(yaml)")
        #expect(report.errorTexts == [])
        #expect(report.resources.components.first?.spec.metadata == [NamedValue("x", .text(expected))])
    }

    @Test func `block scalars keep their lines`() {
        let report = component("type: a.b\nmetadata:\n- name: x\n  value: |\n    line 1\n    line 2\n")
        #expect(report.resources.components.first?.spec.metadata.first?.value == .text("line 1\nline 2\n"))
    }

    @Test func `every problem is reported with its place and what was expected`() {
        let report = parse(
            """
            apiVersion: dapr.io/v1
            kind: Component
            metadata:
              name: a/b
            spec:
              type: redis
              initTimeout: soon
              ignoreErrors: maybe
              metadata:
              - value: secret-value
              - name: keyPrefix
                value: a||b
              - 5
            """)
        #expect(
            report.errorTexts == [
                #"test.yaml:1:13: Component/a/b apiVersion is "dapr.io/v1"; expected dapr.io/v1alpha1"#,
                #"test.yaml:4:9: Component/a/b metadata.name is "a/b"; expected a name without /, %, || and white space"#,
                #"test.yaml:6:9: Component/a/b spec.type is "redis"; expected a component type such as state.redis"#,
                #"test.yaml:7:16: Component/a/b spec.initTimeout is "soon"; expected a duration such as 500ms, 5s or 1h30m"#,
                #"test.yaml:8:17: Component/a/b spec.ignoreErrors is "maybe"; expected true or false"#,
                #"test.yaml:10:5: Component/a/b spec.metadata[0].name is missing; expected text"#,
                #"test.yaml:12:12: Component/a/b spec.metadata[1].value contains "||"; expected a key prefix without it"#,
                #"test.yaml:13:5: Component/a/b spec.metadata[2] is a single value; expected a mapping"#,
            ])
        #expect(report.resources.isEmpty)
    }

    @Test func `an unknown field is a warning with the nearest name`() {
        let report = component(
            "type: a.b\nverzion: v1\nmetadata:\n- name: x\n  secretKeyReff: {name: y}\n- name: X\n  value: 1\n  envRef: E")
        #expect(
            report.warningTexts == [
                #"test.yaml:10:5: Component/c spec.metadata[0].secretKeyReff is unknown and ignored (did you mean "secretKeyRef"?)"#,
                #"test.yaml:13:13: Component/c spec.metadata[1].envRef is ignored because value is given too"#,
                #"test.yaml:11:11: Component/c spec.metadata[1].name is "X" again; the last value counts"#,
                #"test.yaml:7:3: Component/c spec.verzion is unknown and ignored (did you mean "version"?)"#,
            ])
        #expect(report.resources.components.count == 1)
    }

    @Test func `names of fields are compared without case, as Dapr does`() {
        let report = component("Type: a.b\nMETADATA: []")
        #expect(report.errorTexts + report.warningTexts == [])
        #expect(report.resources.components.first?.spec.type == "a.b")
    }

    @Test func `scopes and namespaces decide who sees a resource`() throws {
        var resource = try #require(component("type: a.b").resources.components.first)
        #expect(resource.isInScope(appID: "any") && resource.isInNamespace("any") && resource.isInNamespace(""))
        resource.scopes = ["a"]
        resource.namespace = "prod"
        #expect(resource.isInScope(appID: "a") && !resource.isInScope(appID: "b"))
        #expect(resource.isInNamespace("prod") && resource.isInNamespace("") && !resource.isInNamespace("test"))
        var set = ResourceSet()
        set.components = [resource]
        #expect(set.visible(toAppID: "a", inNamespace: "prod") == set)
        #expect(set.visible(toAppID: "b", inNamespace: "prod").isEmpty)
        #expect(set.visible(toAppID: "a", inNamespace: "test").isEmpty)
    }

    private func component(_ spec: String) -> ManifestReport {
        let lines = spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n")
        return parse("apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: c\nspec:\n\(lines)")
    }
}
