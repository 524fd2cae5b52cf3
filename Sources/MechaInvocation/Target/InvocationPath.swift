import MechaCore

/// The target and method of a request to the invocation API, as its path or headers tell them
/// (section 1.3 of the Dapr surface).
public struct InvocationPath: Sendable, Hashable {
    /// As written; for ``InvocationTarget/parse(_:namespace:isEndpoint:)``.
    public let target: String
    public let method: MethodPath

    private static let prefix = "/v1.0/invoke/"
    private static let separator = "/method/"

    /// Reads `/v1.0/invoke/{target}/method/{path}?{query}`, where the target may be a URL with slashes of
    /// its own. Nil when the path is of another form.
    public init?(requestTarget uri: String) throws(InvocationError) {
        guard uri.hasPrefix(Self.prefix) else { return nil }
        let mark = uri.firstIndex(of: "?") ?? uri.endIndex
        let path = uri[uri.index(uri.startIndex, offsetBy: Self.prefix.count)..<mark]
        guard let range = path.firstRange(of: Self.separator) else { return nil }
        let target = path[..<range.lowerBound]
        guard !target.isEmpty else { return nil }
        self.target = String(target)
        // The separator's last slash begins the path.
        let method = path[path.index(before: range.upperBound)...]
        let query = mark == uri.endIndex ? Substring() : uri[uri.index(after: mark)...]
        self.method = try MethodPath(method, query: query)
    }

    /// A call by the `dapr-app-id` header: the whole request target is the method.
    public init(appID: String, requestTarget uri: String) throws(InvocationError) {
        target = appID
        method = try MethodPath(target: uri)
    }

    /// The app id that headers name: `dapr-app-id`, or the user `dapr-app-id:<id>` of basic
    /// authentication, which is how a URL can carry it.
    public static func appID(header: String?, authorization: String?) -> String? {
        if let header, !header.isEmpty { return header }
        guard let authorization, authorization.utf8.count > 6, authorization.prefix(6).lowercased() == "basic ",
            let bytes = Base64.decode(authorization.dropFirst(6)), bytes.starts(with: "dapr-app-id:".utf8)
        else { return nil }
        let credentials = String(decoding: bytes, as: UTF8.self)
        let appID = credentials.dropFirst("dapr-app-id:".count)
        return appID.isEmpty ? nil : String(appID)
    }
}
