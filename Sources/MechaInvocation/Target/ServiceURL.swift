import MechaWire

/// An `http` or `https` URL that calls are made below.
public struct ServiceURL: Sendable, Hashable {
    public let isSecure: Bool
    /// Without brackets for IPv6.
    public let host: String
    public let port: Int
    /// Empty, or begins with a slash and does not end with one.
    public let basePath: String

    static func hasScheme(_ text: String) -> Bool { scheme(of: text) != nil }

    private static func scheme(of text: String) -> (isSecure: Bool, length: Int)? {
        let start = text.prefix(8).lowercased()
        if start.hasPrefix("https://") { return (true, 8) }
        if start.hasPrefix("http://") { return (false, 7) }
        // Routers that collapse slashes leave one.
        if start.hasPrefix("https:/") { return (true, 7) }
        if start.hasPrefix("http:/") { return (false, 6) }
        return nil
    }

    /// Reads scheme, host, port and path. Credentials, query and fragment have no place in a target.
    public init(_ text: String) throws(InvocationError) {
        guard let scheme = Self.scheme(of: text) else {
            throw InvocationError(.invalidTarget, "the URL does not begin with http:// or https://")
        }
        isSecure = scheme.isSecure
        let rest = text.dropFirst(scheme.length)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != 0x3f && $0 != 0x23 && $0 != 0x40 && $0 != 0x5c }) else {
            throw InvocationError(.invalidTarget, "the URL has credentials, a query, a fragment or characters that do not belong there")
        }
        (host, port) = try Self.split(authority, defaultPort: scheme.isSecure ? 443 : 80)
        basePath = try MethodPath.clean(path)
    }

    private static func split(_ authority: Substring, defaultPort: Int) throws(InvocationError) -> (String, Int) {
        var host = authority
        var port = Substring()
        if authority.first == "[", let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.first == ":" else { throw InvocationError(.invalidTarget, "the URL's host is not valid") }
            port = tail.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x5b && $0 != 0x5d && $0 != 0x25 }) else {
            throw InvocationError(.invalidTarget, "the URL has no valid host")
        }
        guard !port.isEmpty else { return (String(host), defaultPort) }
        guard let number = UInt16(port), number > 0, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw InvocationError(.invalidTarget, "the URL's port is not a number from 1 to 65535")
        }
        return (String(host), Int(number))
    }

    /// Where to connect, speaking whatever HTTP version the server offers.
    func origin(tls: ClientTLS? = nil) -> Origin {
        Origin(.tcp(host: host, port: port), tls: isSecure ? tls ?? ClientTLS() : nil)
    }
}
