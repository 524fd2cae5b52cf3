import NIOHPACK
import NIOHTTP1

extension HPACKHeaders {
    /// A response head in HTTP/2's form: lower-case names, no connection-specific fields (RFC 9113
    /// section 8.2). `contentLength` replaces what the fields say.
    init(status: HTTPResponseStatus, fields: HTTPHeaders, contentLength: Int?) {
        self.init()
        reserveCapacity(fields.count + 2)
        add(name: ":status", value: Self.text(status))
        // A status that excludes a body excludes its length too (RFC 9110 section 8.6), and no stream could end under one.
        append(fields, withoutContentLength: contentLength != nil || (!status.mayHaveResponseBody && status != .notModified))
        if let contentLength { add(name: "content-length", value: String(contentLength)) }
    }

    init(responseTrailers trailers: HTTPHeaders) {
        self.init()
        reserveCapacity(trailers.count)
        append(trailers, withoutContentLength: true)
    }

    private static func text(_ status: HTTPResponseStatus) -> String {
        switch status {
        case .ok: "200"
        case .noContent: "204"
        default: String(status.code)
        }
    }

    private mutating func append(_ fields: HTTPHeaders, withoutContentLength: Bool) {
        for (name, value) in fields {
            let name = name.utf8.contains(where: { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }) ? name.lowercased() : name
            switch name {
            case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "": continue
            case "content-length" where withoutContentLength: continue
            default: break
            }
            // The same care as over HTTP/1.1: a field that cannot be named safely is left out, control
            // characters become blanks.
            guard name.utf8.allSatisfy(HTTPCharacters.isToken) else { continue }
            let isClean = value.utf8.allSatisfy(HTTPCharacters.isFieldValue)
            add(name: name, value: isClean ? value : Self.cleaned(value))
        }
    }

    private static func cleaned(_ value: String) -> String {
        String(decoding: value.utf8.map { HTTPCharacters.isFieldValue($0) ? $0 : UInt8(ascii: " ") }, as: UTF8.self)
    }
}
