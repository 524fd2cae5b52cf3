import NIOCore
import Testing

@testable import MechaTelemetry

@Suite struct MetricsConfigurationTests {
    private func page(_ options: MetricsOptions, path: String, route: RouteID = .unknown) -> String {
        let metrics = RuntimeMetrics(appID: "a", httpRoutes: ["/v1.0/invoke/{id}/method/{method}"], options: options)
        metrics.httpServer.record(
            route: route, path: path, verb: .get, status: 200, requestBytes: 0, responseBytes: 0, nanoseconds: 7_000_000)
        return String(buffer: MetricsText.render([metrics.registry]))
    }

    @Test func `increasedCardinality decides what the path label holds`() {
        var options = MetricsOptions()
        let path = "/v1.0/invoke/x/method/orders/7"
        for (configured, expected) in [(nil, "/v1.0/invoke/{id}/method/{method}"), (true, path), (false, "")] {
            options.pathLabel = .init(increasedCardinality: configured)
            #expect(page(options, path: path, route: RouteID(0)).contains("path=\"\(expected)\""))
        }
    }

    @Test func `a configured pattern is the path label when it matches`() {
        var options = MetricsOptions()
        options.pathPatterns = ["/orders/{orderID}", "/v1.0/invoke/{app}/method/orders/{orderID}"]
        for label in [MetricsOptions.PathLabel.routeTemplate, .matchedPattern, .path] {
            options.pathLabel = label
            #expect(
                page(options, path: "/v1.0/invoke/x/method/orders/7?q=1", route: RouteID(0))
                    .contains("path=\"/v1.0/invoke/{app}/method/orders/{orderID}\""))
        }
    }

    @Test func `verbs can be left out`() {
        var options = MetricsOptions()
        options.excludesVerbs = true
        #expect(page(options, path: "/").contains("dapr_http_server_request_count{app_id=\"a\",method=\"\",path=\"\""))
    }

    @Test func `latency buckets can be chosen`() {
        var options = MetricsOptions()
        options.latencyBucketsMilliseconds = [500, 5, 50, 50, -1, .infinity]
        let bounds = page(options, path: "/").split(separator: "\n")
            .filter { $0.hasPrefix("dapr_http_server_latency_bucket") }
            .compactMap { $0.split(separator: ",").last.map(String.init) }
        #expect(bounds == ["le=\"5\"} 0", "le=\"50\"} 1", "le=\"500\"} 1", "le=\"+Inf\"} 1"])
    }

    @Test func `error codes are counted only when asked for`() {
        var options = MetricsOptions()
        let silent = RuntimeMetrics(appID: "a", options: options)
        silent.errorCode("ERR_STATE_GET", category: "state")
        #expect(!String(buffer: MetricsText.render([silent.registry])).contains("dapr_error_code_total"))
        options.recordsErrorCodes = true
        let counting = RuntimeMetrics(appID: "a", options: options)
        counting.errorCode("ERR_STATE_GET", category: "state")
        #expect(
            String(buffer: MetricsText.render([counting.registry])).contains(
                "dapr_error_code_total{app_id=\"a\",error_code=\"ERR_STATE_GET\",category=\"state\"} 1\n"))
    }

    @Test func `rules fold label values into few`() throws {
        let rules = try LabelRules([
            .init(metric: "dapr_http_server_request_count", label: "path", pattern: "orders/.+", replacement: "orders/"),
            .init(metric: "http/server/latency", label: "method", pattern: "^GET$", replacement: "read"),
        ])
        var options = MetricsOptions()
        options.pathLabel = .path
        options.rules = rules
        let metrics = RuntimeMetrics(appID: "a", options: options)
        for index in 0..<50 {
            metrics.httpServer.record(
                route: .unknown, path: "/orders/\(index)", verb: .get, status: 200, requestBytes: 0, responseBytes: 0,
                nanoseconds: 1)
        }
        let page = String(buffer: MetricsText.render([metrics.registry]))
        #expect(
            page.contains("dapr_http_server_request_count{app_id=\"a\",method=\"GET\",path=\"/orders/\",status=\"200\"} 50\n"))
        #expect(page.contains("dapr_http_server_latency_count{app_id=\"a\",method=\"read\",path=\"/orders/0\""))
    }

    @Test func `a rule that is no regular expression says which one`() {
        let rewrite = LabelRules.Rewrite(metric: "dapr_x", label: "method", pattern: "orders/(", replacement: "o")
        let error = #expect(throws: LabelRules.InvalidPattern.self) { try LabelRules([rewrite]) }
        #expect(error?.description.contains("metrics rule for dapr_x, label method: \"orders/(\"") == true)
    }

    @Test(arguments: [
        ("/orders/7", 0), ("/orders/7/items/9", 2), ("/orders/7/items/last", 1), ("/files/a/b/c", 3), ("/files", 3),
        ("/assets/logo.png", 4), ("//orders//7", 0), ("/orders/7?x=/y", 0),
    ])
    func `a path takes the most specific pattern`(path: String, pattern: Int) {
        let patterns = PathPatterns([
            "/orders/{id}", "/orders/{id}/items/last", "/orders/{id}/items/{item}", "/files/{rest...}", "/assets/",
        ])
        #expect(patterns.match(path) == pattern)
    }

    @Test(arguments: ["", "/", "/orders", "/orders/7/items", "/other"])
    func `a path that no pattern takes has none`(path: String) {
        #expect(PathPatterns(["/orders/{id}", "/orders/{id}/items/{item}"]).match(path) == nil)
    }
}
