import MechaTelemetry

/// Where spans go: `spec.tracing` of a Configuration (Dapr surface, section 4), changed by OpenTelemetry's
/// environment variables.
public struct TraceExportOptions: Sendable, Equatable {
    public enum OTLPProtocol: String, Sendable {
        case grpc, http
    }

    /// `tracing.otel`.
    public struct OTLP: Sendable, Equatable {
        public var transport: OTLPProtocol
        /// `host:port`, or a URL, whose path is then used as it is.
        public var endpoint: String
        /// Whether to speak TLS when `endpoint` is not a URL.
        public var isSecure: Bool
        public var headers: [Header]
        /// Time for one attempt.
        public var timeout: Duration

        public init(
            transport: OTLPProtocol, endpoint: String, isSecure: Bool = true, headers: [Header] = [],
            timeout: Duration = .seconds(10)
        ) {
            self.transport = transport
            self.endpoint = endpoint
            self.isSecure = isSecure
            self.headers = headers
            self.timeout = timeout
        }
    }

    public struct Header: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var otlp: OTLP?
    /// `tracing.zipkin.endpointAddress`, a URL.
    public var zipkinEndpoint: String?
    /// `tracing.stdout`.
    public var writesToLog = false
    /// Overrides the app id as the service's name.
    public var serviceName: String?
    public var resourceAttributes: [SpanAttribute] = []

    public init() {}

    /// Whether there is anywhere to send spans to.
    public var isEnabled: Bool { otlp != nil || zipkinEndpoint != nil || writesToLog }
}
