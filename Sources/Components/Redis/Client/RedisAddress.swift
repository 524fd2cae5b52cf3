/// Where a server listens.
public enum RedisAddress: Sendable, Hashable, CustomStringConvertible {
    case host(String, port: Int)
    case unixSocket(path: String)

    /// Reads `host`, `host:port`, `[ipv6]:port`, a bare IPv6 address, an absolute path or `unix:<path>`;
    /// nil for anything else.
    public init?(_ text: String, defaultPort: Int) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            self.init(path: path.hasPrefix("//") ? path.dropFirst(2) : path)
        } else if text.hasPrefix("/") {
            self.init(path: text[...])
        } else if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = text[text.index(after: text.startIndex)..<end]
            self.init(host: host, port: text[text.index(after: end)...], defaultPort: defaultPort)
        } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            self.init(host: text[..<colon], port: text[colon...], defaultPort: defaultPort)
        } else {
            self.init(host: text[...], port: "", defaultPort: defaultPort)
        }
    }

    private init?(path: Substring) {
        guard path.hasPrefix("/"), path.utf8.count > 1 else { return nil }
        self = .unixSocket(path: String(path))
    }

    private init?(host: Substring, port: Substring, defaultPort: Int) {
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
        if port.isEmpty {
            self = .host(String(host), port: defaultPort)
        } else {
            guard port.hasPrefix(":"), let number = UInt16(port.dropFirst()), number > 0 else { return nil }
            self = .host(String(host), port: Int(number))
        }
    }

    /// Reads a comma-separated list; throws the first part that is no address.
    static func list(_ text: String, defaultPort: Int) throws(Unreadable) -> [RedisAddress] {
        var addresses: [RedisAddress] = []
        for part in text.split(separator: ",") {
            let trimmed = String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
            guard let address = RedisAddress(trimmed, defaultPort: defaultPort) else { throw Unreadable(part: trimmed) }
            addresses.append(address)
        }
        return addresses
    }

    struct Unreadable: Error {
        var part: String
    }

    public var description: String {
        switch self {
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unixSocket(let path): path
        }
    }
}
