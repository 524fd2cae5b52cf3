import NIOCore
import NIOHTTP1
import Testing

@testable import MechaWire

/// Listeners on real sockets, asked by the client of this module.
@Suite struct HTTPListenerTests {
    /// Loops, a client and a listener for the time of one test.
    private func serving(
        _ options: ListenerOptions = ListenerOptions(.tcp(host: "localhost", port: 0)), observer: any WireObserver = SilentWireObserver(),
        service: any HTTPService, _ body: (HTTPListener, HTTPClient) async throws -> Void
    ) async throws {
        let loops = EventLoops(count: 2)
        let listener = try await HTTPListener.start(options, loops: loops, service: service, observer: observer)
        let client = HTTPClient(loops: loops)
        do {
            try await body(listener, client)
        } catch {
            Issue.record(error)
        }
        await client.close()
        await listener.close()
        await loops.shutdown()
    }

    private static let answering = ClosureService { exchange in
        exchange.run { exchange in
            let body = try? await exchange.collectBody()
            exchange.respond(status: .ok, body: body)
        }
    }

    private func origin(_ listener: HTTPListener, _ version: Origin.HTTPVersion) throws -> Origin {
        Origin(.tcp(host: "127.0.0.1", port: try #require(listener.port)), version: version)
    }

    @Test(arguments: [Origin.HTTPVersion.http1, .http2]) func `requests of all loops are answered`(version: Origin.HTTPVersion) async throws {
        try await serving(service: Self.answering) { listener, client in
            let origin = try origin(listener, version)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for size in 0..<50 {
                    group.addTask {
                        let body = ByteBuffer(repeating: 1, count: size * 1_000)
                        let response = try await client.execute(ClientRequest(.POST, "/", at: origin, body: body))
                        return response.status == .ok && response.body == body ? 1 : 0
                    }
                }
                #expect(try await group.reduce(0, +) == 50)
            }
        }
    }

    @Test func `a port in use is named`() async throws {
        try await serving(service: Self.answering) { listener, client in
            let port = try #require(listener.port)
            let error = await #expect(throws: WireError.self) {
                _ = try await HTTPListener.start(ListenerOptions(.tcp(host: "127.0.0.1", port: port)), loops: client.loops, service: Self.answering)
            }
            #expect(error?.code == .bindFailed && error?.message == "port \(port) is in use")
        }
    }

    @Test func `a certificate that cannot be read is an error`() async throws {
        let loops = EventLoops(count: 1)
        let options = ListenerOptions(.tcp(host: "127.0.0.1", port: 0), tls: ServerTLS(certificateChain: "no", privateKey: "no"))
        let error = await #expect(throws: WireError.self) {
            _ = try await HTTPListener.start(options, loops: loops, service: Self.answering)
        }
        #expect(error?.code == .tlsFailed)
        await loops.shutdown()
    }

    @Test func `a drained listener has no connections left and takes no new ones`() async throws {
        let observer = CountingObserver()
        try await serving(observer: observer, service: Self.answering) { listener, client in
            for version in [Origin.HTTPVersion.http1, .http2] {
                _ = try await client.execute(ClientRequest(.GET, "/", at: try origin(listener, version)))
            }
            await listener.drain(within: .seconds(5))
            #expect(observer["opened"] == 2 && observer["closed"] == 2)
            await #expect(throws: WireError.self) {
                _ = try await client.execute(ClientRequest(.GET, "/", at: try origin(listener, .http1)))
            }
        }
    }
}
