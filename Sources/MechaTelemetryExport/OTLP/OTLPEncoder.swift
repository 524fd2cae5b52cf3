import FoundationEssentials
import MechaProto
import MechaTelemetry

/// Spans as OTLP messages (opentelemetry-proto, trace/v1).
struct OTLPEncoder: Sendable {
    typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest
    private typealias Span = Opentelemetry_Proto_Trace_V1_Span
    private typealias KeyValue = Opentelemetry_Proto_Common_V1_KeyValue

    private let resource: Opentelemetry_Proto_Resource_V1_Resource
    private let scope: Opentelemetry_Proto_Common_V1_InstrumentationScope

    /// - Parameter version: of this program.
    init(resource: TraceResource, version: String) {
        var message = Opentelemetry_Proto_Resource_V1_Resource()
        message.attributes = ([SpanAttribute("service.name", resource.serviceName)] + resource.attributes).map(Self.encode)
        self.resource = message
        var scope = Opentelemetry_Proto_Common_V1_InstrumentationScope()
        scope.name = "mecha"
        scope.version = version
        self.scope = scope
    }

    func request(_ spans: [TraceSpan]) -> Request {
        var scopeSpans = Opentelemetry_Proto_Trace_V1_ScopeSpans()
        scopeSpans.scope = scope
        scopeSpans.spans = spans.map(Self.encode)
        var resourceSpans = Opentelemetry_Proto_Trace_V1_ResourceSpans()
        resourceSpans.resource = resource
        resourceSpans.scopeSpans = [scopeSpans]
        var request = Request()
        request.resourceSpans = [resourceSpans]
        return request
    }

    private static func encode(_ span: TraceSpan) -> Span {
        var message = Span()
        message.traceID = Data(span.context.traceID.bytes)
        message.spanID = Data(span.context.spanID.bytes)
        if let parent = span.parentSpanID { message.parentSpanID = Data(parent.bytes) }
        if let state = span.context.state { message.traceState = state.text }
        message.flags = UInt32(span.context.flags)
        message.name = span.name
        message.kind =
            switch span.kind {
            case .internal: .internal
            case .server: .server
            case .client: .client
            case .producer: .producer
            case .consumer: .consumer
            }
        message.startTimeUnixNano = UInt64(clamping: span.startNanoseconds)
        message.endTimeUnixNano = UInt64(clamping: span.endNanoseconds)
        message.attributes = span.attributes.map(encode)
        switch span.status {
        case .unset: break
        case .ok: message.status.code = .ok
        case .error(let text):
            message.status.code = .error
            message.status.message = text
        }
        return message
    }

    private static func encode(_ attribute: SpanAttribute) -> KeyValue {
        var message = KeyValue()
        message.key = attribute.key
        message.value.value =
            switch attribute.value {
            case .string(let text): .stringValue(text)
            case .integer(let number): .intValue(number)
            case .double(let number): .doubleValue(number)
            case .boolean(let flag): .boolValue(flag)
            }
        return message
    }
}
