import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import Testing

@testable import MechaWire

@Suite struct HTTP2ResponseHeadTests {
    @Test(arguments: ["", "2", "20", "+20", "-20", "0200", "2000", "099", "2x0", " 200", "101"])
    func `statuses that are none`(status: String) { #expect(HTTPResponseHead(http2: [":status": status]) == nil) }

    @Test func `a response without a status is none`() { #expect(HTTPResponseHead(http2: ["x-a": "b"]) == nil) }

    @Test(arguments: [100, 103, 200, 204, 404, 599, 999])
    func `statuses of three digits`(status: Int) {
        #expect(HTTPResponseHead(http2: [":status": "\(status)"])?.status.code == UInt(status))
    }

    @Test(arguments: ["+1", "-1", "0x1", "1,1", "1, 1", "", " 1", "1234567890123456789"])
    func `lengths that are none`(length: String) {
        #expect(HTTPResponseHead(http2: [":status": "200", "content-length": length]) == nil)
    }

    @Test func `equal lengths count as one, different ones do not`() {
        let equal = HTTPResponseHead(http2: [":status": "200", "content-length": "5", "x-a": "b", "content-length": "5"])
        #expect(equal?.headers == ["content-length": "5", "x-a": "b"])
        #expect(HTTPResponseHead(http2: [":status": "200", "content-length": "5", "content-length": "6"]) == nil)
    }

    /// What a server of HTTP/2 says, and what the caller then hears.
    @Test(arguments: [
        ([(":status", "+20")], false), ([(":status", "101")], true), ([(":status", "103")], true),
        ([(":status", "200"), ("content-length", "+2")], false), ([(":status", "200"), ("content-length", "2, 2")], false),
        ([(":status", "200"), ("content-length", "3")], false), ([(":status", "200"), ("content-length", "1")], false),
        ([(":status", "304"), ("content-length", "+2")], true),
    ])
    func `a malformed response fails its request and not the connection`(head: [(String, String)], endsStream: Bool) async throws {
        try await ClientFixture.run { fixture in
            let server = try await ScriptedHTTP2Server.start(on: fixture.loops.group, validatesOutbound: false) {
                connection, frame in
                guard case .headers(let payload) = frame.payload else { return }
                if payload.headers.first(name: ":path") == "/fine" {
                    return connection.respond("\(connection.index)", on: frame.streamID)
                }
                connection.send(.headers(.init(headers: HPACKHeaders(head), endStream: endsStream)), on: frame.streamID)
                if !endsStream {
                    connection.send(.data(.init(data: .byteBuffer(ByteBuffer(string: "ok")), endStream: true)), on: frame.streamID)
                }
            }
            let origin = Origin(.tcp(host: "127.0.0.1", port: server.port), version: .http2)
            let failure = await fixture.failure { try await fixture.client.execute(ClientRequest(.GET, "/", at: origin)) }
            #expect(failure == .malformed)
            #expect(String(buffer: try await fixture.client.execute(ClientRequest(.GET, "/fine", at: origin)).body) == "0")
        }
    }
}
