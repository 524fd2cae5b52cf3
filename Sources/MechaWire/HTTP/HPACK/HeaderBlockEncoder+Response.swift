import NIOCore
import NIOHPACK
import NIOHTTP1

extension HeaderBlockEncoder {
    /// A response head in HTTP/2's form: lower-case names, no connection-specific fields (RFC 9113
    /// section 8.2). `contentLength` replaces what the fields say.
    mutating func append(
        status: HTTPResponseStatus, fields: HTTPHeaders, contentLength: Int?, into out: inout ByteBuffer
    ) {
        append(status: Int(status.code), into: &out)
        // A status that excludes a body excludes its length too (RFC 9110 section 8.6), and no stream could end under one.
        let dropsLength = contentLength != nil || (!status.mayHaveResponseBody && status != .notModified)
        fields.forEachHTTP2Field(withoutContentLength: dropsLength) { append($0, $1, into: &out) }
        if let contentLength { append("content-length", String(contentLength), into: &out) }
    }

    mutating func append(trailers: HTTPHeaders, into out: inout ByteBuffer) {
        trailers.forEachHTTP2Field(withoutContentLength: true) { append($0, $1, into: &out) }
    }

    /// Fields that are in HTTP/2's form already.
    mutating func append(_ fields: HPACKHeaders, into out: inout ByteBuffer) {
        for (name, value, _) in fields { append(name, value, into: &out) }
    }
}
