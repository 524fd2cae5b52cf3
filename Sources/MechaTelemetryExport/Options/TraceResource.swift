import MechaTelemetry

/// Who the spans come from: OpenTelemetry's resource.
public struct TraceResource: Sendable, Equatable {
    public var serviceName: String
    public var attributes: [SpanAttribute]

    public init(serviceName: String, attributes: [SpanAttribute] = []) {
        self.serviceName = serviceName
        self.attributes = attributes
    }
}
