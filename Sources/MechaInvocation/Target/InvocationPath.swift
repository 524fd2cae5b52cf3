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
    /// its own. Nil when the path is of another form. Compares bytes, as the wire does.
    public init?(requestTarget uri: String) throws(InvocationError) {
        let bytes = uri.utf8
        guard bytes.starts(with: Self.prefix.utf8) else { return nil }
        let start = bytes.index(bytes.startIndex, offsetBy: Self.prefix.utf8.count)
        var slash = start
        while true {
            guard slash != bytes.endIndex, bytes[slash] != UInt8(ascii: "?") else { return nil }
            if bytes[slash] == UInt8(ascii: "/"), bytes[slash...].starts(with: Self.separator.utf8) { break }
            bytes.formIndex(after: &slash)
        }
        guard slash != start else { return nil }
        target = String(uri[start..<slash])
        // The separator's last slash begins the path.
        let path = bytes.index(slash, offsetBy: Self.separator.utf8.count - 1)
        method = try MethodPath(target: uri[path...])
    }

    /// A call by the `dapr-app-id` header: the whole request target is the method.
    public init(appID: String, requestTarget uri: String) throws(InvocationError) {
        target = appID
        method = try MethodPath(target: uri[...])
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
