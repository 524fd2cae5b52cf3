import NIOHTTP1

/// How headers of HTTP become metadata of gRPC and back (section 1.3 of the Dapr surface).
public enum MetadataRules {
    /// Metadata of a gRPC caller as headers for an HTTP app: names that gRPC keeps for itself get the prefix
    /// `dapr-`, and binary values have no form in HTTP and stay behind.
    ///
    /// - Parameter keepsContentType: whether the content type is that of the body already, not that of gRPC.
    public static func httpHeaders(fromMetadata metadata: HTTPHeaders, keepsContentType: Bool = false) -> HTTPHeaders {
        var fields: [(String, String)] = []
        fields.reserveCapacity(metadata.count)
        for (name, value) in metadata {
            let name = name.lowercased()
            if name.hasSuffix("-bin") || name == "te" || name == "content-type" && !keepsContentType { continue }
            fields.append((reservedNamePrefixed(name), value))
        }
        return HTTPHeaders(fields)
    }

    /// Headers of an HTTP caller as metadata for a gRPC app: the standard ones of HTTP get the prefix
    /// `dapr-`, since gRPC uses some of them itself.
    public static func metadata(fromHTTPHeaders headers: HTTPHeaders) -> HTTPHeaders {
        var fields: [(String, String)] = []
        fields.reserveCapacity(headers.count)
        for (name, value) in headers {
            let name = name.lowercased()
            fields.append((isPermanent(name) ? "dapr-\(name)" : reservedNamePrefixed(name), value))
        }
        return HTTPHeaders(fields)
    }

    /// Metadata of a gRPC app's answer as headers for an HTTP caller.
    public static func httpHeaders(fromResponseMetadata metadata: HTTPHeaders) -> HTTPHeaders {
        httpHeaders(fromMetadata: metadata)
    }

    private static func reservedNamePrefixed(_ name: String) -> String {
        if name.hasPrefix(":") { return "dapr-\(name.dropFirst())" }
        return name.hasPrefix("grpc-") ? "dapr-\(name)" : name
    }

    /// The request headers that IANA's registry calls permanent, as Dapr tells them apart, and those that
    /// HTTP/2 forbids.
    private static func isPermanent(_ name: String) -> Bool {
        switch name {
        case "accept", "accept-charset", "accept-language", "accept-ranges", "connection", "keep-alive", "proxy-connection",
            "transfer-encoding", "upgrade", "cache-control", "content-type", "content-length", "cookie", "date", "expect", "from",
            "host", "if-match", "if-modified-since", "if-none-match", "if-schedule-tag-match", "if-unmodified-since",
            "max-forwards", "origin", "pragma", "referer", "via", "warning":
            true
        default: false
        }
    }
}
