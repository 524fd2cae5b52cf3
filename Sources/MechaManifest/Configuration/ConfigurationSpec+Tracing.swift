import MechaCore

extension ConfigurationSpec {
    /// Distributed tracing.
    public struct Tracing: Sendable, Equatable {
        /// Share of new traces that are recorded, 0 to 1; nil when not written.
        public let samplingRate: Double?
        /// Whether spans are written to standard output.
        public let writesToStandardOutput: Bool
        /// Where spans are sent in Zipkin's format.
        public let zipkinEndpoint: String?
        public let otel: OpenTelemetry?
    }

    /// Export of spans by OTLP.
    public struct OpenTelemetry: Sendable, Equatable {
        public enum Transport: String, Sendable, CaseIterable {
            case grpc, http
        }

        public let transport: Transport
        /// Host and port, perhaps with a path.
        public let endpointAddress: String
        public let isSecure: Bool
        /// `name=value` pairs in a comma list, as written. May hold credentials.
        public let headers: String
        public let timeout: Duration
    }
}

extension ConfigurationSpec.Tracing {
    init(_ fields: FieldReader) {
        var samplingRate: Double?
        if let text = fields.string("samplingRate"), !text.isEmpty {
            samplingRate = Double(text)
            if samplingRate.map({ (0...1).contains($0) }) != true {
                fields.error("samplingRate", "is \"\(text.clipped)\"", expected: "a number from 0 to 1")
            }
        }
        self.samplingRate = samplingRate
        writesToStandardOutput = fields.bool("stdout", default: false)
        let zipkin = fields.section("zipkin") { $0.string("endpointAddress") } ?? ""
        zipkinEndpoint = zipkin.isEmpty ? nil : zipkin
        let otel = fields.object("otel") { ConfigurationSpec.OpenTelemetry($0) }
        self.otel = otel?.endpointAddress.isEmpty == false ? otel : nil
    }
}

extension ConfigurationSpec.OpenTelemetry {
    init(_ fields: FieldReader) {
        transport = fields.choice("protocol", of: Transport.self) ?? .grpc
        endpointAddress = fields.string("endpointAddress") ?? ""
        isSecure = fields.bool("isSecure", default: true)
        headers = fields.string("headers") ?? ""
        if headers.split(separator: ",").contains(where: { !$0.contains("=") || $0.first == "=" }) {
            fields.error("headers", "are not pairs", expected: "name=value pairs with commas between them")
        }
        timeout = fields.duration("timeout") ?? .seconds(10)
    }
}
