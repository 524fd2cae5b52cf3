import MechaTelemetry
import NIOCore
import Testing

@Suite struct MetricsTextTests {
    private func text(_ registries: MetricRegistry..., format: MetricsTextFormat = .prometheus) -> String {
        String(buffer: MetricsText.render(registries, format: format))
    }

    @Test func `counters, gauges and histograms are written as Prometheus reads them`() {
        let registry = MetricRegistry(constantLabels: [("app_id", "orders")])
        let counter = registry.counter("dapr_calls", help: "Calls made.", labels: ["method", "status"])
        counter.with("GET", "200").increment()
        counter.with("GET", "200").increment(by: 2)
        counter.with("PUT", "500").increment()
        let gauge = registry.gauge("mecha_wire_connections", help: "Connections open now.")
        gauge.with().add(5)
        gauge.with().decrement()
        registry.gauge("process_start_time_seconds", help: "Start.", unitsPerWhole: 1_000).with().set(1_500)
        let latency = registry.histogram(
            "dapr_latency", help: "Latency.", labels: ["path"], buckets: .latency(milliseconds: [1, 2.5, 10])
        ).with("/a")
        for nanoseconds: UInt64 in [1_000_000, 1_000_001, 2_500_000, 9_000_000, 11_000_000] { latency.record(nanoseconds) }
        #expect(
            text(registry) == """
                # HELP dapr_calls Calls made.
                # TYPE dapr_calls counter
                dapr_calls{app_id="orders",method="GET",status="200"} 3
                dapr_calls{app_id="orders",method="PUT",status="500"} 1
                # HELP mecha_wire_connections Connections open now.
                # TYPE mecha_wire_connections gauge
                mecha_wire_connections{app_id="orders"} 4
                # HELP process_start_time_seconds Start.
                # TYPE process_start_time_seconds gauge
                process_start_time_seconds{app_id="orders"} 1.5
                # HELP dapr_latency Latency.
                # TYPE dapr_latency histogram
                dapr_latency_bucket{app_id="orders",path="/a",le="1"} 1
                dapr_latency_bucket{app_id="orders",path="/a",le="2.5"} 3
                dapr_latency_bucket{app_id="orders",path="/a",le="10"} 4
                dapr_latency_bucket{app_id="orders",path="/a",le="+Inf"} 5
                dapr_latency_sum{app_id="orders",path="/a"} 24.500001
                dapr_latency_count{app_id="orders",path="/a"} 5

                """)
    }

    @Test func `OpenMetrics keeps Dapr's names and ends with EOF`() {
        let registry = MetricRegistry()
        registry.counter("dapr_component_state_count", help: "Operations.").with().increment()
        registry.counter("dapr_error_code_total", help: "Errors \"quoted\".").with().increment()
        registry.histogram("h", help: "H.", buckets: .latency(milliseconds: [1])).with().record(0)
        #expect(
            text(registry, format: .openMetrics) == """
                # HELP dapr_component_state_count Operations.
                # TYPE dapr_component_state_count unknown
                dapr_component_state_count 1
                # HELP dapr_error_code Errors \\"quoted\\".
                # TYPE dapr_error_code counter
                dapr_error_code_total 1
                # HELP h H.
                # TYPE h histogram
                h_bucket{le="1.0"} 1
                h_bucket{le="+Inf"} 1
                h_sum 0
                h_count 1
                # EOF

                """)
    }

    @Test func `the scraper chooses the format`() {
        #expect(MetricsTextFormat(accept: nil) == .prometheus)
        #expect(MetricsTextFormat(accept: "text/plain;version=0.0.4") == .prometheus)
        #expect(MetricsTextFormat(accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5") == .openMetrics)
        #expect(MetricsTextFormat.prometheus.contentType == "text/plain; version=0.0.4; charset=utf-8")
    }

    @Test func `label values and help texts are escaped`() {
        let registry = MetricRegistry()
        registry.counter("c", help: "One\\two\n\"three\"", labels: ["l"]).with("a\"b\\c\nd é").increment()
        #expect(text(registry).contains("# HELP c One\\\\two\\n\"three\"\n"))
        #expect(text(registry).contains("c{l=\"a\\\"b\\\\c\\nd é\"} 1\n"))
    }

    @Test func `series of one family stand together when several apps have it`() {
        let registries = ["a", "b"].map { MetricRegistry(constantLabels: [("app_id", $0)]) }
        for registry in registries {
            registry.counter("one", help: "1").with().increment()
            registry.counter("two", help: "2").with().increment()
        }
        #expect(
            String(buffer: MetricsText.render(registries)) == """
                # HELP one 1
                # TYPE one counter
                one{app_id="a"} 1
                one{app_id="b"} 1
                # HELP two 2
                # TYPE two counter
                two{app_id="a"} 1
                two{app_id="b"} 1

                """)
    }

    @Test func `a family asked for twice is the same family`() {
        let registry = MetricRegistry()
        registry.counter("c", help: "C.", labels: ["l"]).with("x").increment()
        registry.counter("c", help: "C.", labels: ["l"]).with("x").increment()
        #expect(text(registry).contains("c{l=\"x\"} 2\n"))
    }

    @Test func `the process is described from the kernel's own figures`() throws {
        let registry = MetricRegistry()
        ProcessMetrics.register(in: registry)
        var values: [Substring: Double] = [:]
        for line in text(registry).split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            values[parts[0]] = Double(parts[1])
        }
        #expect(try #require(values["process_resident_memory_bytes"]) > 1e6)
        #expect(try #require(values["process_virtual_memory_bytes"]) > 1e6)
        #expect(try #require(values["process_cpu_seconds_total"]) > 0)
        #expect(try #require(values["process_start_time_seconds"]) > 1.6e9)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_max_fds"]) >= 64)
        #expect(try #require(values["process_threads"]) >= 1)
    }
}
