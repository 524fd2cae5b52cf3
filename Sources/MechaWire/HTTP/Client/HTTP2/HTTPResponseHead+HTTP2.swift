import NIOHPACK
import NIOHTTP1

extension HTTPResponseHead {
    /// A response head of HTTP/2 in HTTP/1.1's terms (RFC 9113 section 8.3.2); nil without a valid `:status`.
    init?(http2 headers: HPACKHeaders) {
        var status: HTTPResponseStatus?
        var fields: [(String, String)] = []
        fields.reserveCapacity(headers.count)
        for (name, value, _) in headers {
            if name == ":status" {
                status = Int(value).map { HTTPResponseStatus(statusCode: $0) }
            } else {
                fields.append((name, value))
            }
        }
        guard let status else { return nil }
        self.init(version: .http2, status: status, headers: HTTPHeaders(fields))
    }
}
