import Logging

/// Records of API calls, one line each (Dapr surface, section 6.3). Off, a record costs one comparison.
public struct APILog: Sendable {
    private let logs: AppLogs
    private let options: APILogOptions

    init(logs: AppLogs, options: APILogOptions) {
        self.logs = logs
        self.options = options
    }

    public var isEnabled: Bool { options.isEnabled }

    /// An HTTP request was answered.
    ///
    /// - Parameters:
    ///   - path: as sent; a query is left out, because it may carry secrets.
    ///   - route: the template that the request took.
    ///   - responseBytes: size of the body.
    public func httpCalled(
        method: String, path: String, route: String, status: Int, responseBytes: Int, milliseconds: Int, userAgent: String?,
        isHealthCheck: Bool
    ) {
        guard options.isEnabled, !(isHealthCheck && options.omitsHealthChecks) else { return }
        let shown = options.obfuscatesURLs ? route : String(path.prefix { $0 != "?" })
        emit(
            "HTTP API Called", scope: "dapr.runtime.http-info", method: "\(method) \(shown)", status, responseBytes,
            milliseconds, userAgent)
    }

    /// A gRPC call ended.
    ///
    /// - Parameters:
    ///   - method: full name, `/package.Service/Method`.
    ///   - status: gRPC status code.
    ///   - responseBytes: size of the answer's messages.
    public func grpcCalled(
        method: String, status: Int, responseBytes: Int, milliseconds: Int, userAgent: String?, isHealthCheck: Bool = false
    ) {
        guard options.isEnabled, !(isHealthCheck && options.omitsHealthChecks) else { return }
        emit(
            "gRPC API Called", scope: "dapr.runtime.grpc.api-info", method: method, status, responseBytes, milliseconds,
            userAgent)
    }

    private func emit(
        _ message: String, scope: String, method: String, _ status: Int, _ bytes: Int, _ milliseconds: Int,
        _ userAgent: String?
    ) {
        var fields = [
            LogField("method", method), LogField("code", status), LogField("size", bytes), LogField("duration", milliseconds),
        ]
        if let userAgent { fields.append(LogField("useragent", userAgent)) }
        logs.emit(.info, message, scope: scope, fields: fields)
    }
}
