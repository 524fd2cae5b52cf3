import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import Testing

@testable import MechaWire

@Suite(.timeLimit(.minutes(1))) struct HTTP2ClientTests {
    private func origin(_ port: Int) -> Origin { Origin(.tcp(host: "127.0.0.1", port: port), version: .http2) }

    private func get(_ fixture: ClientFixture, _ port: Int, _ target: String = "/") async throws -> String {
        String(buffer: try await fixture.client.execute(ClientRequest(.GET, target, at: origin(port))).body)
    }

    private func listener(_ fixture: ClientFixture, tls: ServerTLS? = nil) async throws -> (HTTPListener, port: Int) {
        var options = ListenerOptions(.tcp(host: "127.0.0.1", port: 0))
        options.tls = tls
        let listener = try await HTTPListener.start(options, loops: fixture.loops, service: StreamingService())
        return (listener, listener.port ?? 0)
    }

    @Test func `requests at once share one connection`() async throws {
        try await ClientFixture.run { fixture in
            let connections = Counter()
            let server = try await ScriptedHTTP2Server.start(on: fixture.loops.group) { connection, frame in
                guard frame.isHead else { return }
                if frame.streamID == 1 { connections.next() }
                connection.respond("\(connection.index)", on: frame.streamID)
            }
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { try await self.get(fixture, server.port) } }
                for try await body in group { #expect(body == "0") }
            }
            #expect(connections.value == 1)
        }
    }

    @Test func `a request beyond the peer's stream limit gets another connection`() async throws {
        try await ClientFixture.run { fixture in
            let settings = [HTTP2Setting(parameter: .maxConcurrentStreams, value: 2)]
            let open = Counter()
            let release = fixture.loops.contexts[0].loop.makePromise(of: Void.self)
            let server = try await ScriptedHTTP2Server.start(on: fixture.loops.group, settings: settings) { connection, frame in
                guard case .headers(let payload) = frame.payload else { return }
                let id = frame.streamID
                if payload.headers.first(name: ":path") == "/first" { return connection.respond("0", on: id) }
                if open.next() == 3 { release.succeed() }
                release.futureResult.whenSuccess { connection.respond("\(connection.index)", on: id) }
            }
            // Makes sure that the settings are known.
            _ = try await get(fixture, server.port, "/first")
            async let first = get(fixture, server.port)
            while open.value < 1 { await Task.yield() }
            async let second = get(fixture, server.port)
            while open.value < 2 { await Task.yield() }
            async let third = get(fixture, server.port)
            async let fourth = get(fixture, server.port)
            let bodies = try await [first, second, third, fourth]
            #expect(bodies.sorted() == ["0", "0", "1", "1"])
        }
    }

    @Test func `a refused request goes out once more and then fails as refused`() async throws {
        try await ClientFixture.run { fixture in
            let seen = Counter()
            let server = try await ScriptedHTTP2Server.start(on: fixture.loops.group) { connection, frame in
                guard frame.isHead else { return }
                if seen.next() == 0 { return connection.send(.rstStream(.refusedStream), on: frame.streamID) }
                connection.respond("ok", on: frame.streamID)
            }
            #expect(try await get(fixture, server.port) == "ok")

            let refusing = try await ScriptedHTTP2Server.start(on: fixture.loops.group) { connection, frame in
                if frame.isHead { connection.send(.rstStream(.refusedStream), on: frame.streamID) }
            }
            #expect(await fixture.failure { try await get(fixture, refusing.port) } == .refused)
        }
    }

    @Test func `a request that the peer left behind with GOAWAY goes to a new connection`() async throws {
        try await ClientFixture.run { fixture in
            let server = try await ScriptedHTTP2Server.start(on: fixture.loops.group) { connection, frame in
                guard frame.isHead else { return }
                if connection.index == 0 {
                    connection.send(.goAway(lastStreamID: .rootStream, errorCode: .noError, opaqueData: nil), on: .rootStream)
                } else {
                    connection.respond("\(connection.index)", on: frame.streamID)
                }
            }
            #expect(try await get(fixture, server.port) == "1")
            #expect(try await get(fixture, server.port) == "1")
        }
    }

    @Test func `a stream that the peer reset fails with the reason, the others live on`() async throws {
        try await ClientFixture.run { fixture in
            let server = try await ScriptedHTTP2Server.start(on: fixture.loops.group) { connection, frame in
                guard case .headers(let payload) = frame.payload else { return }
                if payload.headers.first(name: ":path") == "/bad" { return connection.send(.rstStream(.internalError), on: frame.streamID) }
                connection.respond("\(connection.index)", on: frame.streamID)
            }
            #expect(try await get(fixture, server.port) == "0")
            do {
                _ = try await get(fixture, server.port, "/bad")
                Issue.record("the request succeeded")
            } catch let error as WireError {
                #expect(error.code == .cancelled)
                #expect((error.cause as? HTTP2StreamReset)?.code == HTTP2ErrorCode.internalError.networkCode)
            }
            #expect(try await get(fixture, server.port) == "0")
        }
    }

    @Test func `a peer that does not speak HTTP/2 is an error`() async throws {
        try await ClientFixture.run { fixture in
            let server = try await fixture.server { $0.send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n") }
            #expect(await fixture.failure { try await get(fixture, server.port) } == .malformed)
        }
    }

    @Test func `a connection that breaks fails what is on it`() async throws {
        try await ClientFixture.run { fixture in
            let server = try await ScriptedHTTP2Server.start(on: fixture.loops.group) { connection, frame in
                if frame.isHead { connection.channel.close(promise: nil) }
            }
            #expect(await fixture.failure { try await get(fixture, server.port) } == .connectionClosed)
        }
    }

    @Test func `a silent peer is pinged, and given up when it does not answer`() async throws {
        var limits = WireLimits()
        limits.clientPingInterval = .milliseconds(20)
        limits.clientPingTimeout = .milliseconds(40)
        try await ClientFixture.run(limits: limits) { fixture in
            // Takes the request and then reads nothing more, so that the ping is never seen.
            let server = try await ScriptedHTTP2Server.start(on: fixture.loops.group) { connection, frame in
                if frame.isHead { _ = connection.channel.setOption(.autoRead, value: false) }
            }
            #expect(await fixture.failure { try await get(fixture, server.port) } == .connectionClosed)
        }
    }

    @Test func `trailers pass both ways, and the end rides on the last piece`() async throws {
        try await ClientFixture.run { fixture in
            let (server, port) = try await listener(fixture)
            let context = fixture.loops.contexts[0]
            let sink = RecordingSink(loop: context.loop)
            context.loop.execute {
                let exchange = fixture.client.start(
                    HTTPRequestHead(version: .http1_1, method: .POST, uri: "/echo", headers: ["X-Mixed-Case": "a"]), to: origin(port),
                    on: context, hasBody: true, sink: sink)
                exchange.write(ByteBuffer(string: "hello"), flush: false)
                exchange.end(trailers: ["X-Sum": "5"])
            }
            #expect(try await sink.finished.get() == ["head 200", "body hello", "end x-sum=5"])
            await server.drain(within: .seconds(1))
        }
    }

    @Test(arguments: [Origin.HTTPVersion.http1, .http2])
    func `megabytes pass through a paused and resumed response`(version: Origin.HTTPVersion) async throws {
        try await ClientFixture.run { fixture in
            let (server, port) = try await listener(fixture)
            let context = fixture.loops.contexts[0]
            let sink = RecordingSink(loop: context.loop)
            let total = 20 << 20
            context.loop.execute {
                let exchange = fixture.client.start(
                    HTTPRequestHead(version: .http1_1, method: .GET, uri: "/many/\(total)"),
                    to: Origin(.tcp(host: "127.0.0.1", port: port), version: version), on: context, hasBody: false, sink: sink)
                sink.onBody = { _ in
                    exchange.setReading(false)
                    context.loop.execute { exchange.setReading(true) }
                }
            }
            #expect(try await sink.finished.get().last == "end")
            #expect(sink.bodyBytes == total)
            await server.drain(within: .seconds(1))
        }
    }

    @Test func `a slow reader of the request slows the writer down`() async throws {
        try await ClientFixture.run { fixture in
            let (server, port) = try await listener(fixture)
            let context = fixture.loops.contexts[0]
            let sink = RecordingSink(loop: context.loop)
            let pieces = 400
            context.loop.execute {
                let exchange = fixture.client.start(
                    HTTPRequestHead(version: .http1_1, method: .POST, uri: "/slow"), to: origin(port), on: context, hasBody: true,
                    sink: sink)
                var left = pieces
                let fill = {
                    while left > 0, exchange.isWritable {
                        exchange.write(ByteBuffer(repeating: 0x61, count: 32 << 10))
                        left -= 1
                    }
                    if left == 0 { exchange.end() }
                }
                sink.onWritability = { if $0 { fill() } }
                fill()
                #expect(left > pieces / 2)
            }
            #expect(try await sink.finished.get() == ["head 200", "body \(pieces * 32 << 10)", "end"])
            await server.drain(within: .seconds(1))
        }
    }

    @Test func `TLS chooses the protocol, verifies the name and can be told not to`() async throws {
        try await ClientFixture.run { fixture in
            let (server, port) = try await listener(
                fixture, tls: ServerTLS(certificateChain: TestCertificate.chain, privateKey: TestCertificate.key))
            var trusting = ClientTLS()
            trusting.rootCertificates = TestCertificate.chain
            func call(_ host: String, _ version: Origin.HTTPVersion, _ tls: ClientTLS) async throws -> String {
                let origin = Origin(.tcp(host: host, port: port), version: version, tls: tls)
                return String(buffer: try await fixture.client.execute(ClientRequest(.GET, "/x", at: origin)).body)
            }
            #expect(try await call("localhost", .automatic, trusting) == "GET /x HTTP/2.0")
            #expect(try await call("localhost", .http1, trusting) == "GET /x HTTP/1.1")
            #expect(await fixture.failure { try await call("localhost", .automatic, ClientTLS()) } == .tlsFailed)
            var other = trusting
            other.serverName = "example.org"
            #expect(await fixture.failure { try await call("localhost", .automatic, other) } == .tlsFailed)
            var blind = ClientTLS()
            blind.verifiesPeer = false
            #expect(try await call("127.0.0.1", .http2, blind) == "GET /x HTTP/2.0")
            var broken = ClientTLS()
            broken.rootCertificates = "no certificate"
            #expect(await fixture.failure { try await call("127.0.0.1", .automatic, broken) } == .tlsFailed)
            await server.drain(within: .seconds(1))
        }
    }

    @Test func `client certificates are shown to a server that asks`() async throws {
        try await ClientFixture.run { fixture in
            let tls = ServerTLS(
                certificateChain: TestCertificate.chain, privateKey: TestCertificate.key, clientRoots: TestCertificate.chain)
            let (server, port) = try await listener(fixture, tls: tls)
            var identified = ClientTLS()
            identified.rootCertificates = TestCertificate.chain
            identified.certificateChain = TestCertificate.chain
            identified.privateKey = TestCertificate.key
            let origin = Origin(.tcp(host: "localhost", port: port), version: .http1, tls: identified)
            #expect(try await fixture.client.execute(ClientRequest(.GET, "/", at: origin)).status == .ok)
            identified.certificateChain = nil
            identified.privateKey = nil
            let anonymous = Origin(.tcp(host: "localhost", port: port), version: .http1, tls: identified)
            await #expect(throws: WireError.self) { try await fixture.client.execute(ClientRequest(.GET, "/", at: anonymous)) }
            await server.drain(within: .seconds(1))
        }
    }
}
