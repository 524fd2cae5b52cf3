import NIOCore
import NIOHTTP1
import Testing

@testable import MechaWire

@Suite struct HTTP1ResponseWriterTests {
    private func head(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ framing: HTTP1ResponseWriter.Framing,
        _ persistence: HTTP1ResponseWriter.Persistence = .implied
    ) -> String {
        var buffer = ByteBuffer()
        HTTP1ResponseWriter.writeHead(status, headers, framing, persistence, into: &buffer)
        return String(buffer: buffer)
    }

    @Test func `framing given by the caller is replaced`() {
        let headers: HTTPHeaders = ["Content-Length": "99", "Transfer-Encoding": "gzip", "Connection": "x", "keep-alive": "1", "a": "b"]
        #expect(head(.ok, headers, .length(5)) == "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 5\r\n\r\n")
        #expect(head(.ok, headers, .chunked, .close) == "HTTP/1.1 200 OK\r\na: b\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n")
        #expect(head(.ok, headers, .asDeclared) == "HTTP/1.1 200 OK\r\nContent-Length: 99\r\na: b\r\n\r\n")
        #expect(head(.ok, headers, .untilClose) == "HTTP/1.1 200 OK\r\na: b\r\n\r\n")
    }

    @Test func `no value can begin a line of its own`() {
        let headers: HTTPHeaders = ["a": "b\r\nset-cookie: x", "c": "d\0e\tf", "bad name": "x", "": "y", "x\r\ny": "z"]
        #expect(head(.ok, headers, .none) == "HTTP/1.1 200 OK\r\na: b  set-cookie: x\r\nc: d e\tf\r\n\r\n")
        #expect(head(.custom(code: 299, reasonPhrase: "a\r\nb: c"), [:], .none) == "HTTP/1.1 299 a  b: c\r\n\r\n")
    }

    @Test func `only one plain length counts as declared`() {
        #expect(HTTP1ResponseWriter.declaredLength(["content-length": "7"]) == 7)
        #expect(HTTP1ResponseWriter.declaredLength(["Content-Length": "7", "content-length": "7"]) == nil)
        #expect(HTTP1ResponseWriter.declaredLength(["content-length": "-7"]) == nil)
        #expect(HTTP1ResponseWriter.declaredLength([:]) == nil)
    }

    @Test func `trailers cannot frame the next message`() {
        var buffer = ByteBuffer()
        HTTP1ResponseWriter.writeLastChunk(trailers: ["content-length": "5", "Transfer-Encoding": "chunked", "x": "y"], into: &buffer)
        #expect(String(buffer: buffer) == "0\r\nx: y\r\n\r\n")
    }
}
