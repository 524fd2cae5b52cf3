import MechaTelemetry
import MechaWire
import Testing

@testable import MechaTelemetryExport

@Suite struct TraceExportOptionsTests {
    private func applied(_ environment: [String: String], to options: TraceExportOptions = .init()) throws -> TraceExportOptions {
        var options = options
        try options.apply(environment: environment)
        return options
    }

    @Test func `without anything configured nothing is exported`() throws {
        let options = try applied(["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "PATH": "/bin"])
        #expect(options == TraceExportOptions() && !options.isEnabled)
    }

    @Test func `an endpoint in the environment turns OTLP on`() throws {
        let options = try applied([
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_HEADERS": "API-Key=a%20b,x=y=z", "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
        ])
        #expect(
            options.otlp
                == .init(
                    transport: .http, endpoint: "http://collector:4318/v1/traces", isSecure: false,
                    headers: [.init("api-key", "a b"), .init("x", "y=z")], timeout: .milliseconds(2_500)))
    }

    @Test func `variables for traces win and name the whole URL`() throws {
        var configured = TraceExportOptions()
        configured.otlp = .init(transport: .grpc, endpoint: "configured:1")
        let options = try applied(
            [
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://general:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces:2/custom",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
                "OTEL_EXPORTER_OTLP_INSECURE": "TRUE",
            ], to: configured)
        #expect(options.otlp == .init(transport: .http, endpoint: "http://traces:2/custom", isSecure: false))
    }

    @Test func `service name and attributes come from the environment`() throws {
        let options = try applied([
            "OTEL_SERVICE_NAME": "named", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other, deployment.environment=prod%2Ceu",
        ])
        #expect(options.serviceName == "named")
        #expect(options.resourceAttributes == [SpanAttribute("deployment.environment", "prod,eu")])
        #expect(try applied(["OTEL_RESOURCE_ATTRIBUTES": "service.name=other"]).serviceName == "other")
    }

    @Test(arguments: [
        ("OTEL_RESOURCE_ATTRIBUTES", "novalue"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "10s"), ("OTEL_EXPORTER_OTLP_INSECURE", "maybe"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=%zz"),
    ])
    func `a variable that cannot be understood is named`(name: String, value: String) {
        let error = #expect(throws: TraceExportOptions.InvalidVariable.self) {
            try applied(["OTEL_EXPORTER_OTLP_ENDPOINT": "c:1", name: value])
        }
        #expect(error?.name == name)
        #expect(error?.description.contains(value) == false)
    }

    @Test(arguments: [
        ("localhost:4318", "localhost", 4318, "/default", true), ("localhost", "localhost", 99, "/default", true),
        ("http://zipkin:9411/api/v2/spans", "zipkin", 9411, "/api/v2/spans", false), ("https://c", "c", 443, "/default", true),
        ("http://c/", "c", 80, "/default", false), ("http://[::1]:9/x?y=1", "::1", 9, "/x?y=1", false),
    ])
    func `endpoints are addresses or URLs`(text: String, host: String, port: Int, target: String, isSecure: Bool) throws {
        let endpoint = try ExportEndpoint(text, isSecure: true, defaultPort: 99, defaultTarget: "/default", version: .automatic)
        #expect(endpoint.origin.address == .tcp(host: host, port: port))
        #expect(endpoint.target == target)
        #expect((endpoint.origin.tls != nil) == isSecure)
    }

    @Test(arguments: ["", "ftp://x", "host:port", "host:0", "host:70000", "http://", "http://user@host", "a b"])
    func `what is no address is refused and shown`(text: String) {
        let error = #expect(throws: InvalidEndpoint.self) {
            try ExportEndpoint(text, isSecure: true, defaultPort: 99, defaultTarget: "/", version: .automatic)
        }
        #expect(error?.description.contains("\"\(text)\"") == true)
    }
}
