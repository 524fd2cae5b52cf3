import NIOHPACK

/// What the connection itself must know about a request's header block, found while it is read: whether it is a
/// request at all (RFC 9113 sections 8.2 and 8.3), and unambiguous for another server, to which it is passed on.
struct HTTP2RequestSummary {
    private(set) var isHEAD = false
    private(set) var isCONNECT = false
    private(set) var expectsContinue = false
    /// What `content-length` says.
    private(set) var contentLength: Int?
    /// Size as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 section 6.5.2).
    private(set) var listBytes = 0
    /// Why the request is malformed.
    private(set) var flaw: StaticString?

    private var isOPTIONS = false
    private var isAsterisk = false
    private var authority: String?
    private var host: String?
    /// A bit for each pseudo-header field that was there.
    private var seen: UInt8 = 0
    private var hasOrdinaryField = false

    private static let method: UInt8 = 1, scheme: UInt8 = 2, path: UInt8 = 4, authority: UInt8 = 8

    init() {}

    /// Of a block that is complete.
    init(_ headers: HPACKHeaders) {
        for (name, value, _) in headers { add(HeaderField(name: name, value: value)) }
        finish()
    }

    mutating func add(_ field: HeaderField) {
        listBytes += field.listBytes
        if !field.isSound { flaw = "a value has characters or a form that it must not have" }
        switch field.role {
        case .ordinary: break
        case .method:
            isHEAD = field.value == "HEAD"
            isCONNECT = field.value == "CONNECT"
            isOPTIONS = field.value == "OPTIONS"
            return addPseudo(Self.method)
        case .scheme: return addPseudo(Self.scheme)
        case .path:
            isAsterisk = field.value == "*"
            return addPseudo(Self.path)
        case .authority:
            authority = field.value
            return addPseudo(Self.authority)
        case .foreignPseudo: flaw = "a pseudo-header field is none of requests"
        case .host:
            if host != nil { flaw = "host is there more than once" }
            host = field.value
        case .contentLength:
            if contentLength != nil { flaw = "content-length is there more than once" }
            contentLength = Int(field.value) ?? 0
        case .expect: expectsContinue = field.value.equalsIgnoringCase("100-continue")
        case .te: break
        case .connectionSpecific: flaw = "a field is about a connection of HTTP/1.1"
        case .malformed: flaw = "a name has characters that names must not have"
        }
        hasOrdinaryField = true
    }

    private mutating func addPseudo(_ bit: UInt8) {
        if seen & bit != 0 { flaw = "a pseudo-header field is there more than once" }
        if hasOrdinaryField { flaw = "a pseudo-header field comes after others" }
        seen |= bit
    }

    /// To be called after the last field.
    mutating func finish() {
        if isCONNECT {
            if seen != Self.method | Self.authority { flaw = "CONNECT has a method and an authority, and nothing else" }
        } else if seen | Self.authority != Self.method | Self.scheme | Self.path | Self.authority {
            flaw = "a request has a method, a scheme and a path"
        }
        if isAsterisk, !isOPTIONS { flaw = "the path is an asterisk, which only OPTIONS may have" }
        // RFC 9113 section 8.3.1: whoever looks at one of the two must see what the other says.
        if let authority, let host, authority != host { flaw = "host differs from the authority" }
    }
}
