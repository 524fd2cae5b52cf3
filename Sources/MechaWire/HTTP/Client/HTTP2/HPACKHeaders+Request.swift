import NIOHPACK
import NIOHTTP1

extension HPACKHeaders {
    /// A request head in HTTP/2's form (RFC 9113 section 8.3.1): names in lower case, `host` as
    /// `:authority`, and nothing that speaks of an HTTP/1 connection (section 8.2.2).
    init(request head: HTTPRequestHead, scheme: String, authority: String) throws(WireError) {
        guard head.method != .CONNECT, HTTPCharacters.isToken(head.method.rawValue) else {
            throw WireError(.malformed, "the request's method cannot be sent over HTTP/2")
        }
        var authority = authority
        var fields: [(String, String)] = []
        fields.reserveCapacity(head.headers.count)
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 2 where name.equalsIgnoringCase("te"):
                if value.equalsIgnoringCase("trailers") { fields.append(("te", "trailers")) }
                continue
            case 4 where name.equalsIgnoringCase("host"):
                authority = value
                continue
            case 7 where name.equalsIgnoringCase("upgrade"): continue
            case 10 where name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive"): continue
            case 14 where name.equalsIgnoringCase("http2-settings"): continue
            case 16 where name.equalsIgnoringCase("proxy-connection"): continue
            case 17 where name.equalsIgnoringCase("transfer-encoding"): continue
            default: break
            }
            fields.append((HTTPCharacters.lowercased(name), value))
        }
        self.init([])
        reserveCapacity(fields.count + 4)
        add(name: ":method", value: head.method.rawValue)
        add(name: ":scheme", value: scheme)
        add(name: ":authority", value: authority)
        add(name: ":path", value: head.uri)
        for (name, value) in fields { add(name: name, value: value) }
    }
}
