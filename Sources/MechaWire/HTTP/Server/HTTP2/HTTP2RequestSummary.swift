import NIOHPACK

/// What the connection itself must know about a request's header block, found in one pass.
struct HTTP2RequestSummary {
    var isHEAD = false
    var isCONNECT = false
    var expectsContinue = false
    /// Size as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 section 6.5.2).
    var listBytes = 0
    /// Why the request is malformed in a way the codec does not look for.
    var flaw: String?

    init(_ headers: HPACKHeaders) {
        var authority: String?
        var host: String?
        for (name, value, _) in headers {
            let nameBytes = name.utf8.count
            listBytes += nameBytes + value.utf8.count + 32
            switch nameBytes {
            case 4 where name == "host":
                if host != nil { flaw = "host is there more than once" }
                host = value
            case 5 where name == ":path":
                if !value.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "#") }) {
                    flaw = "the path has a character that paths cannot have"
                }
            case 6 where name == "expect": expectsContinue = value == "100-continue"
            case 7 where name == ":method":
                isHEAD = value == "HEAD"
                isCONNECT = value == "CONNECT"
                if !value.utf8.allSatisfy(HTTPCharacters.isToken) { flaw = "the method is not a token" }
            case 10 where name == ":authority":
                authority = value
                if !value.utf8.allSatisfy(HTTPCharacters.isHost) { flaw = "the authority is not a host with an optional port" }
            default: break
            }
        }
        // RFC 9113 section 8.3.1: whoever looks at one of the two must see what the other says.
        if let authority, let host, authority != host { flaw = "host differs from the authority" }
    }
}
