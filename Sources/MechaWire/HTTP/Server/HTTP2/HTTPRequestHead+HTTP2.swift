import NIOHPACK
import NIOHTTP1

extension HTTPRequestHead {
    /// An HTTP/2 request head in HTTP/1.1's terms (RFC 9113 section 8.3.1).
    init(http2 headers: HPACKHeaders) {
        var method = HTTPMethod.GET
        var path = "/"
        var authority: String?
        var cookie: String?
        var fields = HTTPHeaders()
        fields.reserveCapacity(headers.count)
        for (name, value, _) in headers {
            switch name {
            case ":method": method = HTTPMethod(rawValue: value)
            case ":path": path = value
            case ":authority": authority = value
            // A client may split it up so that its parts compress better; HTTP/1.1 knows one only (RFC 9113
            // section 8.2.3).
            case "cookie": cookie = cookie.map { "\($0); \(value)" } ?? value
            case let pseudo where pseudo.utf8.first == UInt8(ascii: ":"): break
            default: fields.add(name: name, value: value)
            }
        }
        if let cookie { fields.add(name: "cookie", value: cookie) }
        if let authority, !fields.contains(name: "host") { fields.add(name: "host", value: authority) }
        self.init(version: .http2, method: method, uri: path, headers: fields)
    }
}
