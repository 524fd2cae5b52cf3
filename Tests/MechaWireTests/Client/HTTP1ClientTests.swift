import MechaTestKit
import NIOCore
import NIOHTTP1
import Testing

@testable import MechaWire

@Suite(.timeLimit(.minutes(1))) struct HTTP1ClientTests {
    private static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

    @Test func `a response comes back whole, and the connection serves the next request`() async throws {
        try await ClientFixture.run { fixture in
            let accepted = Counter()
            let server = try await fixture.server { connection in
                if connection.received.hasPrefix("GET /first") { accepted.next() }
                while let head = connection.takeHead() {
                    #expect(head.contains("host: 127.0.0.1:"))
                    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\nx-a: b\r\n\r\n\(connection.index)")
                }
            }
            for _ in 0..<3 {
                let response = try await fixture.get(server.port, "/first")
                #expect(response.status == .ok)
                #expect(response.headers["x-a"] == ["b"])
                #expect(String(buffer: response.body) == "0")
            }
            #expect(accepted.value == 3)
        }
    }

    @Test func `a connection that is to be closed is not used again`() async throws {
        try await ClientFixture.run { fixture in
            let server = try await fixture.server { connection in
                while connection.takeHead() != nil {
                    connection.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n\(connection.index)")
                }
            }
            #expect(String(buffer: try await fixture.get(server.port).body) == "0")
            #expect(String(buffer: try await fixture.get(server.port).body) == "1")
        }
    }

    @Test func `bytes behind a response end the connection`() async throws {
        try await ClientFixture.run { fixture in
            let server = try await fixture.server { connection in
                while connection.takeHead() != nil {
                    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n\(connection.index)HTTP/1.1 200 OK\r\n")
                }
            }
            #expect(String(buffer: try await fixture.get(server.port).body) == "0")
            #expect(String(buffer: try await fixture.get(server.port).body) == "1")
        }
    }

    @Test func `a request body is sent with its length or in chunks`() async throws {
        try await ClientFixture.run { fixture in
            let server = try await fixture.server { connection in
                guard connection.received.hasSuffix("hello") || connection.received.hasSuffix("0\r\nx-sum: 1\r\n\r\n") else { return }
                let text = connection.received.split(separator: "\r\n\r\n", maxSplits: 1)[1]
                connection.received = ""
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: \(text.utf8.count)\r\n\r\n\(text)")
            }
            let origin = Origin(.tcp(host: "127.0.0.1", port: server.port))
            let whole = try await fixture.client.execute(ClientRequest(.POST, "/", at: origin, body: ByteBuffer(string: "hello")))
            #expect(String(buffer: whole.body) == "hello")

            let context = fixture.loops.contexts[0]
            let sink = RecordingSink(loop: context.loop)
            context.loop.execute {
                let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")
                let exchange = fixture.client.start(head, to: origin, on: context, hasBody: true, sink: sink)
                exchange.write(ByteBuffer(string: "abc"))
                exchange.write(ByteBuffer(repeating: 0x78, count: 16))
                exchange.end(trailers: ["x-sum": "1"])
            }
            let log = try await sink.finished.get()
            #expect(log == ["head 200", "body 3\r\nabc\r\n10\r\n\(String(repeating: "x", count: 16))\r\n0\r\nx-sum: 1\r\n\r\n", "end"])
        }
    }

    @Test func `a body that is not as long as promised fails and ends the connection`() async throws {
        try await ClientFixture.run { fixture in
            let server = try await fixture.server { _ in }
            let context = fixture.loops.contexts[0]
            for body in ["ab", "abcd"] {
                let sink = RecordingSink(loop: context.loop)
                context.loop.execute {
                    let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: ["content-length": "3"])
                    let exchange = fixture.client.start(
                        head, to: Origin(.tcp(host: "127.0.0.1", port: server.port)), on: context, hasBody: true, sink: sink)
                    exchange.write(ByteBuffer(string: body))
                    exchange.end()
                }
                #expect(try await sink.finished.get() == ["failed malformed"])
            }
        }
    }

    @Test func `a kept connection that died is replaced for a request that may be repeated`() async throws {
        try await ClientFixture.run { fixture in
            let seen = Counter()
            let server = try await fixture.server { connection in
                while connection.takeHead() != nil {
                    // The first connection serves one request and then breaks when it is used again.
                    if connection.index == 0, seen.next() == 1 { return connection.close() }
                    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n\(connection.index)")
                }
            }
            #expect(String(buffer: try await fixture.get(server.port).body) == "0")
            #expect(String(buffer: try await fixture.get(server.port).body) == "1")
        }
    }

    @Test func `a request that may have been acted on is not repeated`() async throws {
        try await ClientFixture.run { fixture in
            let seen = Counter()
            let server = try await fixture.server { connection in
                while connection.takeHead() != nil {
                    if seen.next() == 1 { return connection.close() }
                    connection.send(Self.ok)
                }
            }
            let post = ClientRequest(.POST, "/", at: Origin(.tcp(host: "127.0.0.1", port: server.port)))
            _ = try await fixture.client.execute(post)
            #expect(await fixture.failure { try await fixture.client.execute(post) } == .connectionClosed)
            #expect(seen.value == 2)
        }
    }

    @Test func `a fresh connection that breaks is not tried again`() async throws {
        try await ClientFixture.run { fixture in
            let seen = Counter()
            let server = try await fixture.server { connection in
                seen.next()
                connection.close()
            }
            #expect(await fixture.failure { try await fixture.get(server.port) } == .connectionClosed)
            #expect(seen.value == 1)
        }
    }

    @Test(arguments: BadResponse.allCases)
    func `a bad response is an error that says of which kind`(bad: BadResponse) async throws {
        try await ClientFixture.run { fixture in
            let server = try await fixture.server { connection in
                guard connection.takeHead() != nil else { return }
                connection.channel.writeAndFlush(ByteBuffer(string: bad.text)).whenComplete { _ in connection.close() }
            }
            #expect(await fixture.failure { try await fixture.get(server.port) } == bad.code)
        }
    }

    enum BadResponse: CaseIterable {
        case nonsense, cutOff, largeBody, largeHead

        var text: String {
            switch self {
            case .nonsense: "nonsense\r\n\r\n"
            case .cutOff: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"
            case .largeBody: "HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n" + String(repeating: "x", count: 5 << 20)
            case .largeHead: "HTTP/1.1 200 OK\r\nx: " + String(repeating: "x", count: 70_000)
            }
        }

        var code: WireError.Code {
            switch self {
            case .nonsense: .malformed
            case .cutOff: .connectionClosed
            case .largeBody, .largeHead: .tooLarge
            }
        }
    }

    @Test func `nobody listening is a failure to connect`() async throws {
        try await ClientFixture.run { fixture in
            let server = try await fixture.server { _ in }
            try await server.stop()
            #expect(await fixture.failure { try await fixture.get(server.port) } == .connectFailed)
        }
    }

    @Test func `a deadline and a cancelled task end the request and its connection`() async throws {
        try await ClientFixture.run { fixture in
            let accepted = fixture.loops.contexts[0].loop.makePromise(of: Void.self)
            let closed = fixture.loops.contexts[0].loop.makePromise(of: Void.self)
            let silent = try await fixture.server { _ in }
            let server = try await fixture.server { connection in
                connection.channel.closeFuture.cascade(to: closed)
                accepted.succeed()
            }
            #expect(await fixture.failure { try await fixture.get(silent.port, deadline: .now() + .milliseconds(20)) } == .timeout)
            let task = Task { await fixture.failure { try await fixture.get(server.port) } }
            try await accepted.futureResult.get()
            task.cancel()
            #expect(await task.value == .cancelled)
            try await closed.futureResult.get()
        }
    }

    @Test func `requests beyond the connection limit wait their turn, and beyond the queue are refused`() async throws {
        var limits = WireLimits()
        limits.connectionsPerOrigin = 1
        limits.waitingRequestsPerOrigin = 2
        try await ClientFixture.run(limits: limits) { fixture in
            let gate = fixture.loops.contexts[0].loop.makePromise(of: Void.self)
            let server = try await fixture.server { connection in
                #expect(connection.index == 0)
                while connection.takeHead() != nil { gate.futureResult.whenSuccess { connection.send(Self.ok) } }
            }
            let context = fixture.loops.contexts[0]
            let sinks = (0..<4).map { _ in RecordingSink(loop: context.loop) }
            context.loop.execute {
                for sink in sinks {
                    _ = fixture.client.start(
                        HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"),
                        to: Origin(.tcp(host: "127.0.0.1", port: server.port)), on: context, hasBody: false, sink: sink)
                }
            }
            #expect(try await sinks[2].finished.get() == ["failed overloaded"])
            #expect(try await sinks[3].finished.get() == ["failed overloaded"])
            gate.succeed()
            #expect(try await sinks[0].finished.get() == ["head 200", "body ok", "end"])
            #expect(try await sinks[1].finished.get() == ["head 200", "body ok", "end"])
        }
    }

    @Test func `an idle connection is closed after its time`() async throws {
        var limits = WireLimits()
        limits.idleTimeout = .milliseconds(40)
        try await ClientFixture.run(limits: limits) { fixture in
            let closed = fixture.loops.contexts[0].loop.makePromise(of: Void.self)
            let server = try await fixture.server { connection in
                connection.channel.closeFuture.cascade(to: closed)
                while connection.takeHead() != nil { connection.send(Self.ok) }
            }
            _ = try await fixture.get(server.port)
            try await closed.futureResult.get()
        }
    }

    @Test func `a paused response stops the server from sending`() async throws {
        try await ClientFixture.run(loops: 2) { fixture in
            let written = fixture.loops.contexts[1].loop.makePromise(of: Void.self)
            let total = 32 << 20
            let server = try await ScriptedServer.start(on: fixture.loops.group) { connection in
                guard connection.takeHead() != nil else { return }
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: \(total)\r\n\r\n")
                connection.channel.writeAndFlush(ByteBuffer(repeating: 0x61, count: total)).cascade(to: written)
            }
            let context = fixture.loops.contexts[0]
            let sink = RecordingSink(loop: context.loop)
            let exchange = try await context.loop.submit {
                let exchange = fixture.client.start(
                    HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"), to: Origin(.tcp(host: "127.0.0.1", port: server.port)),
                    on: context, hasBody: false, sink: sink)
                exchange.setReading(false)
                return exchange
            }.get()
            // Paused before anything came: nothing is delivered while ten round trips to a second server pass.
            let other = try await fixture.server { connection in
                while connection.takeHead() != nil { connection.send(Self.ok) }
            }
            for _ in 0..<10 { _ = try await fixture.get(other.port) }
            #expect(try await context.loop.submit { sink.bodyBytes }.get() == 0)
            context.loop.execute { exchange.setReading(true) }
            _ = try await sink.finished.get()
            #expect(sink.bodyBytes == total)
            try await written.futureResult.get()
        }
    }

    @Test func `a server that reads slowly makes the request unwritable until it catches up`() async throws {
        try await ClientFixture.run(loops: 2) { fixture in
            let server = try await ScriptedServer.start(on: fixture.loops.group) { connection in
                if connection.received.hasPrefix("POST") {
                    connection.received = ""
                    _ = connection.channel.setOption(.autoRead, value: false)
                    connection.channel.eventLoop.scheduleTask(in: .milliseconds(30)) {
                        _ = connection.channel.setOption(.autoRead, value: true)
                    }
                }
                if connection.received.hasSuffix("0\r\n\r\n") { connection.send(Self.ok) }
            }
            let context = fixture.loops.contexts[0]
            let sink = RecordingSink(loop: context.loop)
            let blocked = Counter()
            context.loop.execute {
                let exchange = fixture.client.start(
                    HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"), to: Origin(.tcp(host: "127.0.0.1", port: server.port)),
                    on: context, hasBody: true, sink: sink)
                var remaining = 64
                let fill = {
                    while remaining > 0, exchange.isWritable {
                        exchange.write(ByteBuffer(repeating: 0x61, count: 256 << 10))
                        remaining -= 1
                    }
                    if remaining == 0 { exchange.end() } else { blocked.next() }
                }
                sink.onWritability = { if $0 { fill() } }
                fill()
            }
            #expect(try await sink.finished.get() == ["head 200", "body ok", "end"])
            #expect(blocked.value > 1)
        }
    }

    @Test func `a response that comes before the request is over ends it, and the connection`() async throws {
        try await ClientFixture.run { fixture in
            let closed = fixture.loops.contexts[0].loop.makePromise(of: Void.self)
            let server = try await fixture.server { connection in
                connection.channel.closeFuture.cascade(to: closed)
                if connection.takeHead() != nil { connection.send("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n") }
            }
            let context = fixture.loops.contexts[0]
            let sink = RecordingSink(loop: context.loop)
            context.loop.execute {
                let exchange = fixture.client.start(
                    HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"), to: Origin(.tcp(host: "127.0.0.1", port: server.port)),
                    on: context, hasBody: true, sink: sink)
                exchange.flush()
            }
            #expect(try await sink.finished.get() == ["head 413", "end"])
            try await closed.futureResult.get()
        }
    }

    @Test func `requests go over a Unix socket and to an IPv6 address`() async throws {
        try await ClientFixture.run { fixture in
            let folder = try TemporaryDirectory()
            let path = "\(folder.path)/s"
            let unix = try await EchoOK.start(on: fixture.loops.group, .unix(path))
            let response = try await fixture.client.execute(ClientRequest(.GET, "/", at: Origin(.unix(path: path))))
            #expect(String(buffer: response.body) == "ok")
            try await unix.close()
            if let six = try? await EchoOK.start(on: fixture.loops.group, .tcp("::1")), let port = six.localAddress?.port {
                let response = try await fixture.client.execute(ClientRequest(.GET, "/", at: Origin(.tcp(host: "::1", port: port))))
                #expect(String(buffer: response.body) == "ok")
            }
        }
    }

    @Test func `a closing client finishes what it has begun and takes nothing new`() async throws {
        try await ClientFixture.run { fixture in
            let gate = fixture.loops.contexts[0].loop.makePromise(of: Void.self)
            let arrived = fixture.loops.contexts[0].loop.makePromise(of: Void.self)
            let server = try await fixture.server { connection in
                guard connection.takeHead() != nil else { return }
                arrived.succeed()
                gate.futureResult.whenSuccess { connection.send(Self.ok) }
            }
            async let pending = fixture.get(server.port)
            try await arrived.futureResult.get()
            async let closing: Void = fixture.client.close()
            while await fixture.failure(of: { try await fixture.get(1) }) != .closing {}
            gate.succeed()
            #expect(String(buffer: try await pending.body) == "ok")
            await closing
        }
    }
}
