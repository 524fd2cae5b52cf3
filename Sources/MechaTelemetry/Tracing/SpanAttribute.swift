/// A fact about a span. Keys are from ``SpanAttribute/Key`` where one fits.
public struct SpanAttribute: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case string(String)
        case integer(Int64)
        case double(Double)
        case boolean(Bool)

        /// As text, for formats without types.
        public var text: String {
            switch self {
            case .string(let text): text
            case .integer(let number): String(number)
            case .double(let number): String(number)
            case .boolean(let flag): String(flag)
            }
        }
    }

    public var key: String
    public var value: Value

    public init(_ key: String, _ value: Value) {
        self.key = key
        self.value = value
    }

    public init(_ key: String, _ value: String) { self.init(key, .string(value)) }

    public init(_ key: String, _ value: Int) { self.init(key, .integer(Int64(value))) }

    /// Names from OpenTelemetry's semantic conventions, and Dapr's own.
    public enum Key {
        public static var httpRequestMethod: String { "http.request.method" }
        public static var httpRoute: String { "http.route" }
        public static var httpResponseStatusCode: String { "http.response.status_code" }
        public static var httpRequestBodySize: String { "http.request.body.size" }
        public static var httpResponseBodySize: String { "http.response.body.size" }
        public static var urlPath: String { "url.path" }
        public static var urlScheme: String { "url.scheme" }
        public static var userAgent: String { "user_agent.original" }
        public static var serverAddress: String { "server.address" }
        public static var serverPort: String { "server.port" }
        public static var networkProtocolVersion: String { "network.protocol.version" }
        public static var rpcSystem: String { "rpc.system" }
        public static var rpcService: String { "rpc.service" }
        public static var rpcMethod: String { "rpc.method" }
        public static var rpcGRPCStatusCode: String { "rpc.grpc.status_code" }
        public static var dbSystem: String { "db.system" }
        public static var dbName: String { "db.name" }
        public static var dbStatement: String { "db.statement" }
        public static var errorType: String { "error.type" }
        public static var daprAPI: String { "dapr.api" }
        public static var daprProtocol: String { "dapr.protocol" }
        public static var daprStatusCode: String { "dapr.status_code" }
        public static var daprInvokeMethod: String { "dapr.invoke_method" }
    }
}
