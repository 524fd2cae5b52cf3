import MechaWire

/// Where an exporter connects to and what it asks for there.
struct ExportEndpoint: Sendable, Equatable {
    var origin: Origin
    /// Path and query.
    var target: String

    /// Reads `host:port`, `host` or `http[s]://host[:port][/path]`.
    ///
    /// - Parameters:
    ///   - isSecure: whether to speak TLS when the text is not a URL.
    ///   - defaultPort: for text without a port that is not a URL.
    ///   - defaultTarget: for text without a path.
    init(
        _ text: String, isSecure: Bool, defaultPort: Int, defaultTarget: String, version: Origin.HTTPVersion
    ) throws(InvalidEndpoint) {
        var rest = text[...]
        var isSecure = isSecure
        var port = defaultPort
        if let end = text.firstRange(of: "://") {
            switch text[..<end.lowerBound].lowercased() {
            case "http": (isSecure, port) = (false, version == .http2 ? defaultPort : 80)
            case "https": (isSecure, port) = (true, version == .http2 ? defaultPort : 443)
            default: throw InvalidEndpoint(text: text)
            }
            rest = text[end.upperBound...]
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(authority.count)
        let (host, explicitPort) = Self.split(authority)
        if let explicitPort {
            guard let number = Int(explicitPort), (1...65_535).contains(number) else { throw InvalidEndpoint(text: text) }
            port = number
        }
        guard !host.isEmpty, !host.contains("@"), !host.contains(" ") else { throw InvalidEndpoint(text: text) }
        target = path.isEmpty || path == "/" ? defaultTarget : path.hasPrefix("/") ? String(path) : "/" + path
        origin = Origin(.tcp(host: String(host), port: port), version: version, tls: isSecure ? ClientTLS() : nil)
    }

    /// Host and port of `host:port` or `[v6]:port`.
    private static func split(_ authority: Substring) -> (host: Substring, port: Substring?) {
        if authority.first == "[", let end = authority.firstIndex(of: "]") {
            let rest = authority[authority.index(after: end)...]
            return (authority[authority.index(after: authority.startIndex)..<end], rest.first == ":" ? rest.dropFirst() : nil)
        }
        guard let colon = authority.lastIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }
}

/// An endpoint of a Configuration that is no address.
public struct InvalidEndpoint: Error, Sendable, CustomStringConvertible {
    public var text: String

    public var description: String {
        "tracing endpoint \"\(text)\": expected host:port or a URL such as http://localhost:9411/api/v2/spans"
    }
}
