import MechaCore

/// The address of a server as people write it in a component's metadata:
/// `scheme://user:password@host:port/path`. Never printed as a whole, for it may carry a password.
public struct ServerURL: Sendable, Hashable {
    /// In lower case.
    public var scheme: String
    /// User and password with percent escapes decoded; nil when missing.
    public var username: String?
    public var password: String?
    /// Host name or address, an IPv6 address without brackets.
    public var host: String
    /// Nil when the text names none.
    public var port: Int?
    /// What follows host and port, up to a `?` or `#`, still escaped; empty or beginning with `/`.
    public var path: String

    /// Nil for what is no such address.
    public init?(_ text: String) {
        guard let mark = text.firstRange(of: "://") else { return nil }
        scheme = text[..<mark.lowerBound].lowercased()
        guard !scheme.isEmpty else { return nil }
        let rest = text[mark.upperBound...].prefix { $0 != "?" && $0 != "#" }
        let authority = rest.prefix { $0 != "/" }
        path = String(rest.dropFirst(authority.count))

        // A password may contain an unescaped "@"; a host cannot.
        var address = authority
        if let at = authority.lastIndex(of: "@") {
            address = authority[authority.index(after: at)...]
            let login = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = PercentCoding.decode(login[0]) else { return nil }
            username = user.isEmpty ? nil : user
            if login.count == 2 {
                guard let word = PercentCoding.decode(login[1]) else { return nil }
                password = word
            }
        }
        guard let (host, port) = Self.split(address) else { return nil }
        self.host = host
        self.port = port
    }

    /// `host:port` or `[address]:port`.
    public static func name(host: String, port: Int) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func split(_ address: Substring) -> (host: String, port: Int?)? {
        var host = address
        var port: Substring?
        if address.hasPrefix("[") {
            guard let end = address.firstIndex(of: "]") else { return nil }
            host = address[address.index(after: address.startIndex)..<end]
            let rest = address[address.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = address.firstIndex(of: ":") {
            host = address[..<colon]
            port = address[address.index(after: colon)...]
        }
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
        guard let port else { return (String(host), nil) }
        guard let number = UInt16(port), number > 0 else { return nil }
        return (String(host), Int(number))
    }
}
