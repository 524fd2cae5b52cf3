/// The fields that every table of the compression begins with (RFC 7541 appendix A).
enum StaticHeaderTable {
    /// The first one has index 1.
    static let fields: [HeaderField] = [
        (":authority", ""),
        (":method", "GET"),
        (":method", "POST"),
        (":path", "/"),
        (":path", "/index.html"),
        (":scheme", "http"),
        (":scheme", "https"),
        (":status", "200"),
        (":status", "204"),
        (":status", "206"),
        (":status", "304"),
        (":status", "400"),
        (":status", "404"),
        (":status", "500"),
        ("accept-charset", ""),
        ("accept-encoding", "gzip, deflate"),
        ("accept-language", ""),
        ("accept-ranges", ""),
        ("accept", ""),
        ("access-control-allow-origin", ""),
        ("age", ""),
        ("allow", ""),
        ("authorization", ""),
        ("cache-control", ""),
        ("content-disposition", ""),
        ("content-encoding", ""),
        ("content-language", ""),
        ("content-length", ""),
        ("content-location", ""),
        ("content-range", ""),
        ("content-type", ""),
        ("cookie", ""),
        ("date", ""),
        ("etag", ""),
        ("expect", ""),
        ("expires", ""),
        ("from", ""),
        ("host", ""),
        ("if-match", ""),
        ("if-modified-since", ""),
        ("if-none-match", ""),
        ("if-range", ""),
        ("if-unmodified-since", ""),
        ("last-modified", ""),
        ("link", ""),
        ("location", ""),
        ("max-forwards", ""),
        ("proxy-authenticate", ""),
        ("proxy-authorization", ""),
        ("range", ""),
        ("referer", ""),
        ("refresh", ""),
        ("retry-after", ""),
        ("server", ""),
        ("set-cookie", ""),
        ("strict-transport-security", ""),
        ("transfer-encoding", ""),
        ("user-agent", ""),
        ("vary", ""),
        ("via", ""),
        ("www-authenticate", ""),
    ].map(HeaderField.init)

    /// Index of `name` among those that responses have; 0 without one.
    static func responseIndex(of name: String) -> Int {
        switch name.utf8.count {
        case 3: name == "age" ? 21 : 0
        case 4: name == "date" ? 33 : name == "etag" ? 34 : name == "vary" ? 59 : name == "link" ? 45 : 0
        case 5: name == "allow" ? 22 : 0
        case 6: name == "server" ? 54 : 0
        case 7: name == ":status" ? 8 : name == "expires" ? 36 : 0
        case 8: name == "location" ? 46 : 0
        case 10: name == "set-cookie" ? 55 : 0
        case 11: name == "retry-after" ? 53 : 0
        case 12: name == "content-type" ? 31 : 0
        case 13:
            name == "cache-control" ? 24 : name == "last-modified" ? 44 : name == "accept-ranges" ? 18 : name == "content-range" ? 30 : 0
        case 14: name == "content-length" ? 28 : 0
        case 16: name == "content-encoding" ? 26 : name == "content-language" ? 27 : name == "www-authenticate" ? 61 : 0
        case 19: name == "content-disposition" ? 25 : 0
        case 27: name == "access-control-allow-origin" ? 20 : 0
        default: 0
        }
    }
}
