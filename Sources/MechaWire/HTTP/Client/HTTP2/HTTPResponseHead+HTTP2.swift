import NIOHPACK
import NIOHTTP1

extension HTTPResponseHead {
    /// A response head of HTTP/2 in HTTP/1.1's terms (RFC 9113 section 8.3.2); nil for one that must not be
    /// passed on: without a status of three digits, with 101 (section 8.6), or with a `content-length` that
    /// is not one number.
    init?(http2 headers: HPACKHeaders) {
        var status: HTTPResponseStatus?
        var contentLength: String?
        var fields: [(String, String)] = []
        fields.reserveCapacity(headers.count)
        for (name, value, _) in headers {
            switch name.utf8.count {
            case 7 where name == ":status":
                guard let code = Self.statusCode(value), code != 101 else { return nil }
                status = HTTPResponseStatus(statusCode: code)
                continue
            case 14 where name == "content-length":
                guard HTTPCharacters.isDecimal(value), contentLength == nil || contentLength == value else { return nil }
                // Equal ones count as one (RFC 9110 section 8.6).
                if contentLength != nil { continue }
                contentLength = value
            default: break
            }
            fields.append((name, value))
        }
        guard let status else { return nil }
        self.init(version: .http2, status: status, headers: HTTPHeaders(fields))
    }

    private static func statusCode(_ text: String) -> Int? {
        guard text.utf8.count == 3, HTTPCharacters.isDecimal(text), let code = Int(text), code >= 100 else { return nil }
        return code
    }
}
