import Logging
import MechaCore
import MechaTelemetry
import MechaWire
import NIOCore
import Testing

@testable import MechaTelemetryExport

/// From a tracer to collectors that are not ours.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TraceExportTests {
    /// Traces one request with a pipeline to `options` and ends it, then hands over to `check`.
    private func export(
        _ options: TraceExportOptions, registry: MetricRegistry = MetricRegistry(), spans: Int = 1,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) async throws {
        let loops = EventLoops(count: 1)
        let client = HTTPClient(loops: loops)
        var limits = SpanPipelineLimits()
        limits.batchInterval = .milliseconds(10)
        limits.initialBackoff = .milliseconds(10)
        let pipeline = try #require(
            try SpanPipeline.to(
                options, appID: "orders", version: "1.2.3", client: client, limits: limits, registry: registry, logger: logger))
        pipeline.start(on: loops.contexts[0])
        let tracer = Tracer(sampler: TraceSampler(rate: 1), queue: pipeline.queue)
        for _ in 0..<spans {
            var span = try #require(tracer.begin(.server, parent: nil).span)
            span.name = "/v1.0/state/s"
            span.describeHTTPServer(
                method: "GET", route: "/v1.0/state/{storeName}/{key}", path: "/v1.0/state/s/k", status: 204, userAgent: nil)
            tracer.end(span)
        }
        while pipeline.queue.count > 0 { try await Task.sleep(for: .milliseconds(5)) }
        let exported = "mecha_trace_spans_exported_total"
        let failed = "mecha_trace_spans_failed_total"
        while !String(buffer: MetricsText.render([registry])).contains(exported),
            !String(buffer: MetricsText.render([registry])).contains(failed)
        {
            try await Task.sleep(for: .milliseconds(5))
        }
        await pipeline.shutdown(within: .seconds(5))
        await client.close()
        await loops.shutdown()
    }

    private func page(_ registry: MetricRegistry) -> String { String(buffer: MetricsText.render([registry])) }

    @Test func `Zipkin gets JSON`() async throws {
        let collector = try await TraceCollector(.http)
        var options = TraceExportOptions()
        options.zipkinEndpoint = "http://127.0.0.1:\(collector.port)/api/v2/spans"
        try await export(options)
        let request = try await collector.request(0)
        #expect(request.head.first == "/api/v2/spans")
        #expect(request.head.contains("content-type: application/json"))
        let span = try #require(try JSON.parse(ByteBuffer(bytes: request.body)).arrayValue?.first)
        #expect(span["name"] == "/v1.0/state/s")
        #expect(span["localEndpoint"]?["serviceName"] == "orders")
        #expect(span["tags"]?["http.route"] == "/v1.0/state/{storeName}/{key}")
    }

    @Test func `OTLP over HTTP gets protobuf, and a collector that is busy gets it again`() async throws {
        let collector = try await TraceCollector(.http, answering: [503, 429])
        let registry = MetricRegistry()
        var options = TraceExportOptions()
        options.otlp = .init(
            transport: .http, endpoint: "127.0.0.1:\(collector.port)", isSecure: false, headers: [.init("x-key", "k")])
        options.serviceName = "named"
        try await export(options, registry: registry)
        let request = try await collector.request(2)
        #expect(request.head.first == "/v1/traces")
        #expect(request.head.contains("content-type: application/x-protobuf") && request.head.contains("x-key: k"))
        let message = try OTLPEncoder.Request(serializedBytes: request.body)
        #expect(message.resourceSpans.first?.resource.attributes.first?.value.stringValue == "named")
        #expect(message.resourceSpans.first?.scopeSpans.first?.spans.first?.name == "/v1.0/state/s")
        #expect(page(registry).contains("mecha_trace_spans_exported_total{exporter=\"otlp-http\"} 1\n"))
    }

    @Test func `a batch that a collector refuses for good is dropped and counted`() async throws {
        let collector = try await TraceCollector(.http, answering: [400])
        let registry = MetricRegistry()
        var options = TraceExportOptions()
        options.otlp = .init(transport: .http, endpoint: "http://127.0.0.1:\(collector.port)/custom")
        try await export(options, registry: registry)
        #expect(try await collector.request(0).head.first == "/custom")
        #expect(page(registry).contains("mecha_trace_spans_failed_total{exporter=\"otlp-http\"} 1\n"))
    }

    @Test(.enabled(if: TraceCollector.hasGRPC))
    func `OTLP over gRPC reaches a server that is not ours, also at the second attempt`() async throws {
        let collector = try await TraceCollector(.grpc, answering: [14])
        let registry = MetricRegistry()
        var options = TraceExportOptions()
        options.otlp = .init(
            transport: .grpc, endpoint: "http://127.0.0.1:\(collector.port)", headers: [.init("x-key", "k")])
        try await export(options, registry: registry)
        let request = try await collector.request(1)
        #expect(request.head.contains("x-key: k"))
        let message = try OTLPEncoder.Request(serializedBytes: request.body)
        #expect(message.resourceSpans.first?.resource.attributes.first?.value.stringValue == "orders")
        #expect(message.resourceSpans.first?.scopeSpans.first?.spans.first?.name == "/v1.0/state/s")
        #expect(page(registry).contains("mecha_trace_spans_exported_total{exporter=\"otlp-grpc\"} 1\n"))
    }

    @Test func `a collector that is not there costs a counter and a log line`() async throws {
        let capture = LogCapture()
        let logs = AppLogs(identity: LogIdentity(appID: "orders", instance: "i", version: "v"), outputs: [.init(capture.writer)])
        let registry = MetricRegistry()
        var options = TraceExportOptions()
        options.zipkinEndpoint = "http://127.0.0.1:1/api/v2/spans"
        try await export(options, registry: registry, logger: logs.logger(scope: "dapr.trace"))
        #expect(page(registry).contains("mecha_trace_spans_failed_total{exporter=\"zipkin\"} 1\n"))
        #expect(capture.text().contains("level=warning msg=\"dropped 1 spans after 5 attempts: 127.0.0.1:1"))
    }

    @Test func `spans can go to the log`() async throws {
        let capture = LogCapture()
        let logs = AppLogs(
            identity: LogIdentity(appID: "orders", instance: "i", version: "v"), outputs: [.init(capture.writer)], format: .json)
        var options = TraceExportOptions()
        options.writesToLog = true
        try await export(options, logger: logs.logger(scope: "dapr.trace"))
        let line = try JSON.parse(String(capture.text().dropLast()))
        #expect(line["msg"] == "span /v1.0/state/s")
        #expect(line["trace_id"]?.stringValue?.count == 32)
        #expect(line["attributes"]?.stringValue?.contains("http.request.method:GET") == true)
    }
}
