import MechaTelemetry
import NIOCore
import Testing

@Suite struct MetricSeriesLimitTests {
    private func samples(_ registry: MetricRegistry, of name: String) -> [Substring] {
        String(buffer: MetricsText.render([registry])).split(separator: "\n").filter { $0.hasPrefix(name + "{") }
    }

    @Test func `100,000 distinct paths add no series`() {
        let metrics = RuntimeMetrics(appID: "a", httpRoutes: ["/v1.0/state/{storeName}/{key}"])
        for index in 0..<100_000 {
            metrics.httpServer.record(
                route: RouteID(0), path: "/v1.0/state/store/key-\(index)", verb: .get, status: 200, requestBytes: 0,
                responseBytes: 10, nanoseconds: 5_000)
        }
        #expect(
            samples(metrics.registry, of: "dapr_http_server_request_count") == [
                "dapr_http_server_request_count{app_id=\"a\",method=\"GET\",path=\"/v1.0/state/{storeName}/{key}\",status=\"200\"} 100000"
            ])
    }

    @Test func `beyond the limit values go to one overflow series and are counted`() {
        var options = MetricsOptions()
        options.pathLabel = .path
        options.maximumSeriesPerFamily = 10
        let metrics = RuntimeMetrics(appID: "a", options: options)
        for index in 0..<1_000 {
            metrics.httpServer.record(
                route: .unknown, path: "/p\(index)?secret=1", verb: .get, status: 200, requestBytes: 0, responseBytes: 0,
                nanoseconds: 1)
        }
        let series = samples(metrics.registry, of: "dapr_http_server_request_count")
        #expect(series.count == 11)
        #expect(series[0] == "dapr_http_server_request_count{app_id=\"a\",method=\"GET\",path=\"/p0\",status=\"200\"} 1")
        #expect(
            series[10]
                == "dapr_http_server_request_count{app_id=\"a\",method=\"_overflow\",path=\"_overflow\",status=\"_overflow\"} 990"
        )
        #expect(
            samples(metrics.registry, of: "mecha_metric_series_refused_total").contains(
                "mecha_metric_series_refused_total{app_id=\"a\",metric=\"dapr_http_server_request_count\"} 990"))
    }

    @Test func `status codes that do not exist share one series`() {
        let metrics = RuntimeMetrics(appID: "a", httpRoutes: ["/r"])
        for status in [-1, 0, 99, 600, 70_000] {
            metrics.httpServer.record(
                route: RouteID(0), path: "/r", verb: .get, status: status, requestBytes: 0, responseBytes: 0, nanoseconds: 1)
        }
        #expect(
            samples(metrics.registry, of: "dapr_http_server_request_count") == [
                "dapr_http_server_request_count{app_id=\"a\",method=\"GET\",path=\"/r\",status=\"0\"} 5"
            ])
    }

    @Test func `proxied gRPC methods are limited in number`() {
        let metrics = RuntimeMetrics(appID: "a", grpcMethods: ["/dapr.proto.runtime.v1.Dapr/GetState"])
        metrics.grpcServer.method(RouteID(0)).record(status: 0, receivedBytes: 1, sentBytes: 2, nanoseconds: 3)
        for index in 0..<2_000 {
            metrics.grpcServer.method(named: "/svc/M\(index)").record(
                status: 12, receivedBytes: 0, sentBytes: 0, nanoseconds: 1)
        }
        let series = samples(metrics.registry, of: "dapr_grpc_io_server_completed_rpcs")
        #expect(series.count == GRPCMetrics.maximumUnlistedMethods + 2)
        #expect(series[0].contains("grpc_server_method=\"/dapr.proto.runtime.v1.Dapr/GetState\",grpc_server_status=\"OK\"} 1"))
        #expect(series.contains { $0.contains("grpc_server_method=\"_overflow\",grpc_server_status=\"Unimplemented\"} 1500") })
    }

    @Test func `peers are limited in number and found again`() {
        let metrics = RuntimeMetrics(appID: "a")
        for index in 0..<2_000 { metrics.invocation.peer("app-\(index)").requestSent(.unary) }
        #expect(metrics.invocation.peer("app-0") === metrics.invocation.peer("app-0"))
        let series = samples(metrics.registry, of: "dapr_runtime_service_invocation_req_sent_total")
        #expect(series.last?.hasSuffix("dst_app_id=\"_overflow\",type=\"unary\"} 1750") == true)
    }

    @Test func `a long label value is cut at a character boundary`() throws {
        let registry = MetricRegistry()
        registry.counter("c", help: "C.", labels: ["l"]).with(String(repeating: "é", count: 200)).increment()
        let line = try #require(samples(registry, of: "c").first)
        #expect(line == "c{l=\"\(String(repeating: "é", count: 128))\"} 1")
    }
}
