import MechaTelemetry

extension TraceExportOptions {
    /// An environment variable that cannot be understood.
    public struct InvalidVariable: Error, Sendable, CustomStringConvertible {
        public var name: String
        public var expected: String

        public var description: String { "environment variable \(name): expected \(expected)" }
    }

    /// Applies `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_EXPORTER_OTLP_*` (the forms with
    /// `TRACES_` win), as OpenTelemetry's specification of environment variables has them.
    public mutating func apply(environment: [String: String]) throws(InvalidVariable) {
        if let name = environment["OTEL_SERVICE_NAME"], !name.isEmpty { serviceName = name }
        if let text = environment["OTEL_RESOURCE_ATTRIBUTES"], !text.isEmpty {
            guard let pairs = KeyValueList.parse(text) else {
                throw InvalidVariable(name: "OTEL_RESOURCE_ATTRIBUTES", expected: "key=value pairs separated by commas")
            }
            for pair in pairs where pair.key == "service.name" && serviceName == nil { serviceName = pair.value }
            resourceAttributes += pairs.filter { $0.key != "service.name" }.map { SpanAttribute($0.key, $0.value) }
        }
        try applyOTLP(environment)
    }

    private mutating func applyOTLP(_ environment: [String: String]) throws(InvalidVariable) {
        func variable(_ name: String) -> (name: String, value: String)? {
            for full in ["OTEL_EXPORTER_OTLP_TRACES_\(name)", "OTEL_EXPORTER_OTLP_\(name)"] {
                if let value = environment[full], !value.isEmpty { return (full, value) }
            }
            return nil
        }
        // Without an endpoint from either side there is nothing that the other variables could change.
        let endpoint = variable("ENDPOINT")
        guard var changed = otlp ?? endpoint.map({ OTLP(transport: .grpc, endpoint: $0.value, isSecure: false) }) else { return }
        if let (name, value) = variable("PROTOCOL") {
            switch value {
            case "grpc": changed.transport = .grpc
            case "http", "http/protobuf": changed.transport = .http
            default: throw InvalidVariable(name: name, expected: "grpc or http/protobuf")
            }
        }
        if let (name, value) = endpoint {
            // The general variable names a base; only the one for traces names the whole URL.
            let isBase = name == "OTEL_EXPORTER_OTLP_ENDPOINT" && changed.transport == .http && value.contains("://")
            changed.endpoint = isBase ? value.trimmingSlashes + OTLPHTTPExporter.defaultPath : value
        }
        if let (name, value) = variable("INSECURE") {
            guard let isInsecure = Bool(value.lowercased()) else { throw InvalidVariable(name: name, expected: "true or false") }
            changed.isSecure = !isInsecure
        }
        if let (name, value) = variable("HEADERS") {
            guard let pairs = KeyValueList.parse(value) else {
                throw InvalidVariable(name: name, expected: "key=value pairs separated by commas")
            }
            changed.headers = pairs.map { Header($0.key.lowercased(), $0.value) }
        }
        if let (name, value) = variable("TIMEOUT") {
            guard let milliseconds = Int(value), milliseconds > 0 else {
                throw InvalidVariable(name: name, expected: "milliseconds")
            }
            changed.timeout = .milliseconds(milliseconds)
        }
        otlp = changed
    }
}

extension String {
    fileprivate var trimmingSlashes: String {
        var text = self[...]
        while text.last == "/" { text.removeLast() }
        return String(text)
    }
}
