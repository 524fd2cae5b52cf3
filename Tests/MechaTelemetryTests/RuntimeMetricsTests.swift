import MechaTelemetry
import NIOCore
import Testing

@Suite struct RuntimeMetricsTests {
    @Test func `every family carries Dapr's name and labels`() {
        let metrics = RuntimeMetrics(appID: "me", namespace: "ns", httpRoutes: ["/r"], grpcMethods: ["/s/M"], appRoutes: ["/a"])
        metrics.httpServer.record(
            route: RouteID(0), path: "/r", verb: .init("POST"), status: 204, requestBytes: 3, responseBytes: 0, nanoseconds: 1)
        metrics.httpClient.record(
            route: RouteID(0), path: "/a", verb: .init("BREW"), status: 404, sentBytes: 1, receivedBytes: 1, nanoseconds: 1)
        metrics.grpcServer.method(RouteID(0)).record(status: 5, receivedBytes: 1, sentBytes: 1, nanoseconds: 1)
        metrics.grpcClient.method(named: "/s/N").record(status: 99, receivedBytes: 1, sentBytes: 1, nanoseconds: 1)
        metrics.healthProbes.recordHTTP(status: 200, nanoseconds: 1)
        metrics.healthProbes.recordGRPC(status: 14, nanoseconds: 1)
        metrics.secrets.component("vault").record(.bulkGet, success: true, nanoseconds: 1)
        metrics.components.componentLoaded()
        metrics.components.componentInitialized(type: "state.redis")
        metrics.components.componentFailed(type: "state.redis", reason: "init", name: "store")
        let peer = metrics.invocation.peer("you")
        peer.requestSent(.unary)
        peer.requestReceived(.streaming)
        peer.responseSent(status: 200)
        peer.responseReceived(.unary, status: 500, nanoseconds: 1)
        metrics.accessControl.decided(allowed: false, isAppPolicy: true, trustDomain: "td", namespace: "ns")
        metrics.resiliency.policyLoaded(name: "r", namespace: "ns")
        let target = metrics.resiliency.target(
            name: "r", namespace: "ns", policy: .circuitBreaker, direction: .outbound, target: "app_you")
        target.executed(.open)
        target.activated(.open)
        metrics.wire.limitExceeded("header_bytes").increment()
        metrics.wire.listener("http").openConnections.increment()
        let page = String(buffer: MetricsText.render([metrics.registry]))
        let expected = """
            dapr_http_server_response_count{app_id="me",method="POST",path="/r",status="204"} 1
            dapr_http_server_request_bytes_count{app_id="me"} 1
            dapr_http_client_completed_count{app_id="me",method="UNKNOWN",path="/a",status="404"} 1
            dapr_http_client_roundtrip_latency_count{app_id="me",method="UNKNOWN",path="/a",status="404"} 1
            dapr_http_client_sent_bytes_count{app_id="me",method="UNKNOWN",path="/a",status="404"} 1
            dapr_http_client_received_bytes_count{app_id="me"} 1
            dapr_grpc_io_server_completed_rpcs{app_id="me",grpc_server_method="/s/M",grpc_server_status="NotFound"} 1
            dapr_grpc_io_server_server_latency_count{app_id="me",grpc_server_method="/s/M",grpc_server_status="NotFound"} 1
            dapr_grpc_io_client_roundtrip_latency_count{app_id="me",grpc_client_method="/s/N",grpc_client_status="Unknown"} 1
            dapr_http_healthprobes_completed_count{app_id="me",status="200"} 1
            dapr_grpc_io_healthprobes_completed_count{app_id="me",grpc_client_status="Unavailable"} 1
            dapr_component_secret_count{app_id="me",component="vault",namespace="ns",operation="bulk_get",success="true"} 1
            dapr_runtime_component_loaded{app_id="me"} 1
            dapr_runtime_component_init_total{app_id="me",component="state.redis"} 1
            dapr_runtime_component_init_fail_total{app_id="me",component="state.redis",reason="init",componentName="store"} 1
            dapr_runtime_service_invocation_req_sent_total{app_id="me",dst_app_id="you",type="unary"} 1
            dapr_runtime_service_invocation_req_recv_total{app_id="me",src_app_id="you",type="streaming"} 1
            dapr_runtime_service_invocation_res_sent_total{app_id="me",dst_app_id="you",status="200"} 1
            dapr_runtime_service_invocation_res_recv_total{app_id="me",src_app_id="you",status="500",type="unary"} 1
            dapr_runtime_service_invocation_res_recv_latency_ms_count{app_id="me",src_app_id="you",status="500"} 1
            dapr_runtime_acl_app_policy_action_blocked_total{app_id="me",trustDomain="td",namespace="ns"} 1
            dapr_resiliency_loaded{app_id="me",name="r",namespace="ns"} 1
            dapr_resiliency_count{app_id="me",name="r",policy="circuitbreaker",namespace="ns",flow_direction="outbound",target="app_you",status="open"} 1
            dapr_resiliency_cb_state{app_id="me",name="r",policy="circuitbreaker",namespace="ns",flow_direction="outbound",target="app_you",status="closed"} 0
            dapr_resiliency_cb_state{app_id="me",name="r",policy="circuitbreaker",namespace="ns",flow_direction="outbound",target="app_you",status="open"} 1
            mecha_wire_limit_exceeded_total{app_id="me",limit="header_bytes"} 1
            mecha_wire_connections{app_id="me",listener="http"} 1
            """
        for line in expected.split(separator: "\n") { #expect(page.contains(line + "\n"), "missing: \(line)") }
    }

    @Test func `Dapr's OpenCensus names turn into Prometheus names`() {
        #expect(MetricDescriptor.daprName("grpc.io/server/completed_rpcs") == "dapr_grpc_io_server_completed_rpcs")
        #expect(MetricDescriptor.daprName("component/state/count") == "dapr_component_state_count")
    }
}
