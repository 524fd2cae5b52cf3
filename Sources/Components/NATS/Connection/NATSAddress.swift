/// Where a server listens, and how its URL says to log in.
struct NATSAddress: Sendable, Hashable, CustomStringConvertible {
    var host: String
    var port: Int
    /// `tls://`: TLS although the server would do without.
    var wantsTLS = false
    var user: String?
    var password: String?
    /// A user name without a password is a token.
    var token: String?

    static let defaultPort = 4222

    /// Reads `[nats://|tls://][user:password@|token@]host[:port]`; nil for anything else.
    init?(_ text: String) {
        var rest = Substring(text)
        if let scheme = rest.firstRange(of: "://") {
            switch rest[..<scheme.lowerBound].lowercased() {
            case "nats": break
            case "tls": wantsTLS = true
            default: return nil
            }
            rest = rest[scheme.upperBound...]
        }
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, !first.isEmpty else { return nil }
            if parts.count == 2 { (user, password) = (String(first), String(parts[1])) } else { token = String(first) }
            rest = rest[rest.index(after: at)...]
        }
        while rest.last == "/" { rest.removeLast() }
        guard let (host, port) = Self.endpoint(rest) else { return nil }
        self.host = host
        self.port = port
    }

    private static func endpoint(_ text: Substring) -> (String, Int)? {
        var portText = Substring()
        var host = text
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            portText = text[text.index(after: end)...]
        } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            host = text[..<colon]
            portText = text[colon...]
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
        guard !portText.isEmpty else { return (String(host), defaultPort) }
        guard portText.first == ":", let port = UInt16(portText.dropFirst()), port > 0 else { return nil }
        return (String(host), Int(port))
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
