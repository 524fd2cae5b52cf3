import MechaCore
import MechaTelemetry
import Testing

@testable import MechaTelemetryExport

@Suite struct ZipkinEncoderTests {
    @Test func `spans are written as Zipkin reads them`() throws {
        let encoder = ZipkinEncoder(resource: TraceResource(serviceName: "orders", attributes: [SpanAttribute("env", "test")]))
        #expect(
            try JSON.parse(encoder.encode([.sample, .sampleRoot])) == [
                [
                    "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "id": "00f067aa0ba902b7", "parentId": "0000000000000009",
                    "name": "/v1.0/state/s", "kind": "SERVER", "timestamp": 1_700_000_000_000_001, "duration": 2_500,
                    "localEndpoint": ["serviceName": "orders"],
                    "tags": [
                        "env": "test", "http.request.method": "GET", "http.response.status_code": "500", "ratio": "0.5",
                        "flag": "true", "otel.status_code": "ERROR", "error": "HTTP 500",
                    ],
                ],
                [
                    "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "id": "00f067aa0ba902b7", "name": "root", "timestamp": 5,
                    "duration": 1, "localEndpoint": ["serviceName": "orders"], "tags": ["env": "test"],
                ],
            ])
    }
}
