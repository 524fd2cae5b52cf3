import FoundationEssentials
import MechaProto
import MechaTelemetry
import Testing

@testable import MechaTelemetryExport

@Suite struct OTLPEncoderTests {
    @Test func `a span keeps everything on its way through protobuf`() throws {
        let encoder = OTLPEncoder(
            resource: TraceResource(serviceName: "orders", attributes: [SpanAttribute("deployment.environment", "test")]),
            version: "1.2.3")
        let bytes: [UInt8] = try encoder.request([.sample, .sampleRoot]).serializedBytes()
        let request = try OTLPEncoder.Request(serializedBytes: bytes)
        let resource = try #require(request.resourceSpans.first)
        #expect(resource.resource.attributes.map(\.key) == ["service.name", "deployment.environment"])
        #expect(resource.resource.attributes.map(\.value.stringValue) == ["orders", "test"])
        let scope = try #require(resource.scopeSpans.first)
        #expect(scope.scope.name == "mecha" && scope.scope.version == "1.2.3")
        let span = try #require(scope.spans.first)
        #expect(
            Array(span.traceID) == [
                0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36,
            ])
        #expect(Array(span.spanID) == [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7])
        #expect(Array(span.parentSpanID) == [0, 0, 0, 0, 0, 0, 0, 9])
        #expect(span.traceState == "a=1" && span.flags == 1)
        #expect(span.name == "/v1.0/state/s" && span.kind == .server)
        #expect(span.startTimeUnixNano == 1_700_000_000_000_001_000 && span.endTimeUnixNano == 1_700_000_000_002_501_000)
        #expect(span.status.code == .error && span.status.message == "HTTP 500")
        #expect(span.attributes.map(\.key) == ["http.request.method", "http.response.status_code", "ratio", "flag"])
        #expect(span.attributes[0].value.stringValue == "GET" && span.attributes[1].value.intValue == 500)
        #expect(span.attributes[2].value.doubleValue == 0.5 && span.attributes[3].value.boolValue)
        #expect(scope.spans[1].parentSpanID.isEmpty && scope.spans[1].status.code == .unset)
    }
}

extension TraceSpan {
    static var sample: TraceSpan {
        let context = TraceContext(
            traceID: TraceID(high: 0x4bf9_2f35_77b3_4da6, low: 0xa3ce_929d_0e0e_4736), spanID: SpanID(0xf0_67aa_0ba9_02b7),
            isSampled: true, state: TraceState("a=1"))
        var span = TraceSpan(
            context: context, parentSpanID: SpanID(9), kind: .server, startNanoseconds: 1_700_000_000_000_001_000)
        span.endNanoseconds = 1_700_000_000_002_501_000
        span.name = "/v1.0/state/s"
        span.status = .error("HTTP 500")
        span.attributes = [
            SpanAttribute("http.request.method", "GET"), SpanAttribute("http.response.status_code", 500),
            SpanAttribute("ratio", .double(0.5)), SpanAttribute("flag", .boolean(true)),
        ]
        return span
    }

    static var sampleRoot: TraceSpan {
        var span = TraceSpan(context: sample.context, parentSpanID: nil, kind: .internal, startNanoseconds: 5_000)
        span.endNanoseconds = 5_100
        span.name = "root"
        return span
    }
}
