import NIOHPACK
import NIOHTTP1

extension HTTPHeaders {
    /// Gives `take` the fields as HTTP/2 carries them: lower-case names, none about the connection (RFC 9113
    /// section 8.2).
    func forEachHTTP2Field(withoutContentLength: Bool, _ take: (String, String) -> Void) {
        for (name, value) in self {
            let name = HTTPCharacters.lowercased(name)
            switch name {
            case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "": continue
            case "content-length" where withoutContentLength: continue
            default: break
            }
            // The same care as over HTTP/1.1: a field that cannot be named safely is left out, control
            // characters become blanks.
            guard name.utf8.allSatisfy(HTTPCharacters.isToken) else { continue }
            take(name, value.utf8.allSatisfy(HTTPCharacters.isFieldValue) ? value : Self.cleaned(value))
        }
    }

    private static func cleaned(_ value: String) -> String {
        String(decoding: value.utf8.map { HTTPCharacters.isFieldValue($0) ? $0 : UInt8(ascii: " ") }, as: UTF8.self)
    }
}

extension HPACKHeaders {
    /// Trailers in HTTP/2's form.
    init(trailers: HTTPHeaders) {
        self.init()
        reserveCapacity(trailers.count)
        trailers.forEachHTTP2Field(withoutContentLength: true) { add(name: $0, value: $1) }
    }
}
