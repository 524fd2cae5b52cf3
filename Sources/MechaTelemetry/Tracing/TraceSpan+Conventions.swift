extension TraceSpan {
    /// Describes a request that an HTTP listener of the runtime answered.
    ///
    /// - Parameters:
    ///   - route: the template that the request took.
    ///   - path: without the query, which may carry secrets.
    public mutating func describeHTTPServer(method: String, route: String, path: String, status code: Int, userAgent: String?) {
        typealias Key = SpanAttribute.Key
        attributes += [
            SpanAttribute(Key.daprAPI, "\(method) \(route)"), SpanAttribute(Key.daprProtocol, "http"),
            SpanAttribute(Key.daprStatusCode, String(code)), SpanAttribute(Key.httpRequestMethod, method),
            SpanAttribute(Key.httpRoute, route), SpanAttribute(Key.urlPath, path),
            SpanAttribute(Key.httpResponseStatusCode, code),
        ]
        if let userAgent { attributes.append(SpanAttribute(Key.userAgent, userAgent)) }
        // A client's mistake is no error of the server (semantic conventions for HTTP).
        if code >= 500 { status = .error("HTTP \(code)") }
    }

    /// Describes a request that the runtime sent by HTTP; `code` 0 stands for no answer.
    public mutating func describeHTTPClient(method: String, path: String, host: String, port: Int, status code: Int) {
        typealias Key = SpanAttribute.Key
        attributes += [
            SpanAttribute(Key.httpRequestMethod, method), SpanAttribute(Key.urlPath, path),
            SpanAttribute(Key.serverAddress, host), SpanAttribute(Key.serverPort, port),
            SpanAttribute(Key.httpResponseStatusCode, code), SpanAttribute(Key.daprStatusCode, String(code)),
        ]
        if code == 0 || code >= 400 { status = .error(code == 0 ? "no response" : "HTTP \(code)") }
    }

    /// Describes a gRPC call, answered or made.
    ///
    /// - Parameter method: full name, `/package.Service/Method`.
    public mutating func describeGRPC(method: String, status code: Int) {
        typealias Key = SpanAttribute.Key
        let parts = method.split(separator: "/")
        attributes += [
            SpanAttribute(Key.daprAPI, method), SpanAttribute(Key.daprProtocol, "grpc"),
            SpanAttribute(Key.daprStatusCode, String(code)), SpanAttribute(Key.rpcSystem, "grpc"),
            SpanAttribute(Key.rpcService, String(parts.first ?? "")),
            SpanAttribute(Key.rpcMethod, String(parts.count > 1 ? parts[1] : "")),
            SpanAttribute(Key.rpcGRPCStatusCode, code),
        ]
        if code != 0 { status = .error(GRPCStatusName.all[GRPCStatusName.index(of: code)]) }
    }
}
