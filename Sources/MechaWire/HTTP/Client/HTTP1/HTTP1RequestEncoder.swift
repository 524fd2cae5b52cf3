import NIOCore
import NIOHTTP1

/// Writes request heads in HTTP/1.1's form (RFC 9112 section 3).
///
/// The connection and the framing of the body are ours to state, so what the head says about them is
/// left out: hop-by-hop fields, `transfer-encoding`, and a `content-length` that no body follows.
enum HTTP1RequestEncoder {
    /// How the end of the request's body is told.
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
    }

    /// Appends the head to `buffer`. `authority` becomes `host` where the head has none.
    static func encode(
        _ head: HTTPRequestHead, hasBody: Bool, authority: String, into buffer: inout ByteBuffer
    ) throws(WireError) -> Framing {
        let method = head.method.rawValue
        let uri = head.uri
        let room = HTTP1FieldWriter.bytes(of: head.headers) + method.utf8.count + uri.utf8.count + authority.utf8.count + 96
        var framing = Framing.none
        var isMalformed = false
        let start = buffer.writerIndex
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { memory in
            var writer = HTTP1FieldWriter(memory)
            writer.writeToken(method)
            writer.write(" ")
            writer.writeTarget(uri)
            writer.write(" HTTP/1.1\r\n")
            let noted = writeFields(head.headers, to: &writer)
            if !noted.hasHost { writer.writeField("host", authority) }
            if hasBody {
                framing = noted.contentLength.map(Framing.length) ?? .chunked
            }
            switch framing {
            case .length(let length): writer.writeField("content-length", String(length))
            case .chunked: writer.write("transfer-encoding: chunked\r\n")
            case .none: if expectsBody(head.method) { writer.write("content-length: 0\r\n") }
            }
            writer.write("\r\n")
            isMalformed = writer.isMalformed || noted.isMalformed
            return writer.count
        }
        if isMalformed {
            buffer.moveWriterIndex(to: start)
            throw WireError(.malformed, "the request's method, target or headers hold characters that HTTP does not allow")
        }
        return framing
    }

    private struct Noted {
        var hasHost = false
        var contentLength: Int?
        var isMalformed = false
    }

    private static func writeFields(_ headers: HTTPHeaders, to writer: inout HTTP1FieldWriter) -> Noted {
        var noted = Noted()
        for (name, value) in headers {
            switch name.utf8.count {
            case 2 where name.equalsIgnoringCase("te"): continue
            case 4 where name.equalsIgnoringCase("host"):
                if noted.hasHost { continue }
                noted.hasHost = true
            case 7 where name.equalsIgnoringCase("upgrade"): continue
            case 10 where name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive"): continue
            case 14 where name.equalsIgnoringCase("content-length"):
                guard let length = decimal(value), noted.contentLength == nil || noted.contentLength == length else {
                    noted.isMalformed = true
                    return noted
                }
                noted.contentLength = length
                continue
            case 14 where name.equalsIgnoringCase("http2-settings"): continue
            case 16 where name.equalsIgnoringCase("proxy-connection"): continue
            case 17 where name.equalsIgnoringCase("transfer-encoding"): continue
            default: break
            }
            writer.writeField(name, value)
        }
        return noted
    }

    private static func decimal(_ text: String) -> Int? {
        var text = text
        return text.withUTF8 { HTTPCharacters.decimal(UnsafeRawBufferPointer($0)) }
    }

    /// Methods for which a server wants to be told that there is no body (RFC 9110 section 8.6).
    private static func expectsBody(_ method: HTTPMethod) -> Bool {
        switch method {
        case .POST, .PUT, .PATCH: true
        default: false
        }
    }
}
