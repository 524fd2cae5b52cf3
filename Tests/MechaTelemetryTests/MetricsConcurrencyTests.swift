import MechaTelemetry
import NIOCore
import Testing

@Suite struct MetricsConcurrencyTests {
    @Test func `nothing is lost when many tasks record and resolve at once`() async {
        let metrics = RuntimeMetrics(appID: "a", httpRoutes: ["/x", "/y"])
        let state = metrics.state.component("store")
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask { @concurrent in
                    for index in 0..<2_000 {
                        metrics.httpServer.record(
                            route: RouteID(index % 2), path: "", verb: .get, status: index % 3 == 0 ? 500 : 200, requestBytes: 1,
                            responseBytes: 1, nanoseconds: 1_000_000)
                        state.record(.get, success: task % 2 == 0, nanoseconds: 2_000_000)
                    }
                }
            }
        }
        let page = String(buffer: MetricsText.render([metrics.registry]))
        var total = 0
        for line in page.split(separator: "\n") where line.hasPrefix("dapr_http_server_latency_count") {
            total += Int(line.split(separator: " ")[1]) ?? 0
        }
        #expect(total == 16_000)
        #expect(page.contains("dapr_http_server_request_bytes_sum{app_id=\"a\"} 16000\n"))
        #expect(
            page.contains(
                "dapr_component_state_count{app_id=\"a\",component=\"store\",namespace=\"\",operation=\"get\",success=\"true\"} 8000\n"
            ))
        #expect(
            page.contains(
                "dapr_component_state_latencies_sum{app_id=\"a\",component=\"store\",namespace=\"\",operation=\"get\",success=\"false\"} 16000\n"
            ))
    }
}
