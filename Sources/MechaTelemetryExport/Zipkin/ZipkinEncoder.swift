import MechaCore
import MechaTelemetry
import NIOCore

/// Spans as Zipkin v2 JSON (https://zipkin.io/zipkin-api/, ListOfSpans), with OpenTelemetry's mapping of
/// what Zipkin has no field for.
struct ZipkinEncoder: Sendable {
    private let endpoint: JSON
    private let resourceTags: [JSON.Member]

    init(resource: TraceResource) {
        endpoint = ["serviceName": .string(resource.serviceName)]
        resourceTags = resource.attributes.map { JSON.Member($0.key, .string($0.value.text)) }
    }

    func encode(_ spans: [TraceSpan]) -> ByteBuffer { JSON.array(spans.map(encode)).buffer }

    private func encode(_ span: TraceSpan) -> JSON {
        var members = [
            JSON.Member("traceId", .string(span.context.traceID.hex)), JSON.Member("id", .string(span.context.spanID.hex)),
        ]
        if let parent = span.parentSpanID { members.append(JSON.Member("parentId", .string(parent.hex))) }
        members.append(JSON.Member("name", .string(span.name)))
        if let kind = Self.kind(span.kind) { members.append(JSON.Member("kind", kind)) }
        members += [
            JSON.Member("timestamp", .integer(span.startNanoseconds / 1_000)),
            // Zipkin takes zero for unknown.
            JSON.Member("duration", .integer(max(1, (span.endNanoseconds - span.startNanoseconds) / 1_000))),
            JSON.Member("localEndpoint", endpoint), JSON.Member("tags", .object(resourceTags + Self.tags(span))),
        ]
        return .object(members)
    }

    private static func kind(_ kind: TraceSpan.Kind) -> JSON? {
        switch kind {
        case .internal: nil
        case .server: "SERVER"
        case .client: "CLIENT"
        case .producer: "PRODUCER"
        case .consumer: "CONSUMER"
        }
    }

    private static func tags(_ span: TraceSpan) -> [JSON.Member] {
        let tags = span.attributes.map { JSON.Member($0.key, .string($0.value.text)) }
        switch span.status {
        case .unset: return tags
        case .ok: return tags + [JSON.Member("otel.status_code", "OK")]
        case .error(let message):
            return tags + [JSON.Member("otel.status_code", "ERROR"), JSON.Member("error", .string(message))]
        }
    }
}
