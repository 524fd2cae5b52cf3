import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import MechaWire

@Suite struct HTTP1ServerConnectionTests {
    private let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    private let hello = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

    private static let answering = ClosureService { $0.respond(status: .ok, body: ByteBuffer(string: "hello")) }

    @Test func `requests that come together are answered with one flush`() throws {
        let server = try EmbeddedServer(service: Self.answering)
        try server.receive(get + get + get)
        #expect(try server.text() == hello + hello + hello)
        #expect(server.flushes.count == 1)
    }

    @Test func `an asynchronous handler that does not wait is answered in the same read`() throws {
        let server = try EmbeddedServer(
            service: ClosureService { exchange in
                exchange.run { exchange in
                    let body = try? await exchange.collectBody()
                    exchange.respond(status: .ok, body: body)
                }
            })
        try server.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + get)
        #expect(server.flushes.count == 1)
        #expect(try server.text() == hello + "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    }

    @Test func `a request ahead of its turn waits unread`() throws {
        let held = Held()
        let server = try EmbeddedServer(service: ClosureService { held.exchanges.append($0) })
        try server.receive(get + get)
        #expect(held.exchanges.count == 1)
        held.exchanges[0].respond(status: .ok, body: ByteBuffer(string: "hello"))
        #expect(held.exchanges.count == 2)
        held.exchanges[1].respond(status: .noContent)
        #expect(try server.text() == hello + "HTTP/1.1 204 No Content\r\n\r\n")
    }

    @Test func `an answered exchange is let go of`() throws {
        let held = Held()
        let server = try EmbeddedServer(service: ClosureService { held.last = $0; $0.respond(status: .ok) })
        try server.receive(get)
        #expect(held.last == nil)
        server.disconnect()
    }

    @Test func `a body that is not taken is held back at the limit`() throws {
        var limits = WireLimits()
        limits.bufferedBodyBytes = 10
        let held = Held()
        let server = try EmbeddedServer(limits: limits, service: ClosureService { held.exchanges.append($0) })
        try server.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        for _ in 0..<9 { try server.receive("1234567890") }
        #expect(held.exchanges[0].requestBodyBytes == 20, "reading stops once more than the limit is there")
        held.exchanges[0].setReading(true)
        #expect(held.exchanges[0].requestBodyBytes > 20)
        server.disconnect()
        #expect(held.exchanges[0].failure?.code == .connectionClosed)
    }

    @Test func `a response shorter than declared closes the connection`() throws {
        let server = try EmbeddedServer(
            service: ClosureService { exchange in
                exchange.start(HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "10"]))
                exchange.write(ByteBuffer(string: "abc"))
                exchange.end()
            })
        try server.receive(get + get)
        #expect(try server.text() == "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
    }

    @Test func `a response longer than declared is cut`() throws {
        let server = try EmbeddedServer(
            service: ClosureService { exchange in
                exchange.start(HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "2"]))
                exchange.write(ByteBuffer(string: "abc"))
                exchange.write(ByteBuffer(string: "def"))
                exchange.end()
            })
        try server.receive(get)
        #expect(try server.text() == "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab")
    }

    @Test func `connections are counted in and out`() throws {
        let observer = CountingObserver()
        let server = try EmbeddedServer(observer: observer, service: Self.answering)
        try server.receive(get)
        #expect(observer["opened"] == 1 && observer["closed"] == 0)
        server.disconnect()
        #expect(observer["closed"] == 1)
    }

    @Test func `time limits are kept by the sweep`() throws {
        var limits = WireLimits()
        limits.headerReadTimeout = .seconds(2)
        let observer = CountingObserver()
        let server = try EmbeddedServer(limits: limits, observer: observer, service: Self.answering)
        try server.receive("GET / HT")
        server.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        try server.receive("TP/1.1\r\n")
        #expect(try server.text() == "")
        server.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(try server.text().hasPrefix("HTTP/1.1 408 "))
        #expect(observer["headerReadTimeout"] == 1)
    }
}

/// Exchanges that a test's service keeps; used on the one thread of the test.
final class Held: @unchecked Sendable {
    var exchanges: [ServerExchange] = []
    weak var last: ServerExchange?
}
