import NIOHPACK

/// What the connection itself must know about a request's header block, found in one pass.
///
/// The codec has looked at names, pseudo-header fields and connection-specific fields already (RFC 9113
/// section 8.2 and 8.3); here is what it lets through and what another server, to which a request is passed
/// on, could understand differently.
struct HTTP2RequestSummary {
    var isHEAD = false
    var isCONNECT = false
    var expectsContinue = false
    /// Size as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 section 6.5.2).
    var listBytes = 0
    /// Why the request is malformed in a way the codec does not look for.
    var flaw: StaticString?

    init(_ headers: HPACKHeaders) {
        var authority: String?
        var host: String?
        var path: Target?
        var isOPTIONS = false
        var hasLength = false
        for (name, value, _) in headers {
            let nameBytes = name.utf8.count
            listBytes += nameBytes + value.utf8.count + 32
            if !HTTPCharacters.isTrimmedFieldValue(value) {
                flaw = "a value has a control character, or a blank at its start or end"
            }
            switch nameBytes {
            case 4 where name == "host":
                if host != nil { flaw = "host is there more than once" }
                host = value
                if !value.utf8.allSatisfy(HTTPCharacters.isHost) { flaw = "host is not a host with an optional port" }
            case 5 where name == ":path": path = Target(value)
            case 6 where name == "expect": expectsContinue = value.equalsIgnoringCase("100-continue")
            case 7 where name == ":method":
                isHEAD = value == "HEAD"
                isCONNECT = value == "CONNECT"
                isOPTIONS = value == "OPTIONS"
                if !HTTPCharacters.isToken(value) { flaw = "the method is not a token" }
            case 7 where name == ":scheme":
                if value != "http", value != "https", !Self.isScheme(value) { flaw = "the scheme is not the name of one" }
            case 10 where name == ":authority":
                authority = value
                if !value.utf8.allSatisfy(HTTPCharacters.isHost) { flaw = "the authority is not a host with an optional port" }
            case 14 where name == "content-length":
                if hasLength { flaw = "content-length is there more than once" }
                hasLength = true
                if !HTTPCharacters.isDecimal(value) { flaw = "content-length is not one decimal number" }
            default: break
            }
        }
        switch path {
        case .path, nil: break
        case .asterisk: if !isOPTIONS { flaw = "the path is an asterisk, which only OPTIONS may have" }
        case .other: flaw = "the path does not start with a slash, or has a character that paths cannot have"
        }
        // RFC 9113 section 8.3.1: whoever looks at one of the two must see what the other says.
        if let authority, let host, authority != host { flaw = "host differs from the authority" }
    }

    /// The form of `:path` (RFC 9113 section 8.3.1).
    private enum Target {
        case path, asterisk, other

        init(_ value: String) {
            switch value.utf8.first {
            case UInt8(ascii: "/"):
                self = value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "#") } ? .path : .other
            case UInt8(ascii: "*"): self = value.utf8.count == 1 ? .asterisk : .other
            default: self = .other
            }
        }
    }

    /// RFC 3986 section 3.1.
    private static func isScheme(_ value: String) -> Bool {
        guard let first = value.utf8.first, HTTPCharacters.isLetter(first) else { return false }
        return value.utf8.allSatisfy { HTTPCharacters.isLetter($0) || $0.isDigit || $0 == 0x2b || $0 == 0x2d || $0 == 0x2e }
    }
}
